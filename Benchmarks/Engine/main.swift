import KeyValue
import Posix
import Rendering
import TextTemplate

/// Times the template engine in process, over keys as the nginx example has them. Prints medians of seven runs.
///
/// The same templates over the same data in Go's engine are what docs/performance.md compares with.

let nested = """
    {{ $services := ls "/services" }}
    {{ range $service := $services }}
    {{ $servers := getvs ( printf "/services/%s/servers/*" $service ) }}
    {{ if $servers }}
    upstream {{ $service }} {
      {{ range $server := $servers }}
      {{ $data := json $server }}
      server {{ $data.host }}:{{ $data.port }};
      {{ end }}
    }
    {{ end }}
    {{ end }}

    server {
      server_name hostname;
      {{ range $service := $services }}
      {{ $servers := getvs ( printf "/services/%s/servers/*" $service ) }}
      {{ if $servers }}
      location /{{ $service }} {
        rewrite /{{ $service }}/(.*) /$1 break;
        proxy_pass http://{{ $service }};
      }
      {{ end }}
      {{ end }}
    }
    """

let flat = """
    {{range gets "/services/*/servers/*"}}{{$d := json .Value}}{{.Key}} server {{$d.host}}:{{$d.port}};
    {{end}}
    """

let formatted = """
    {{range $i, $p := gets "/services/*/servers/*"}}\
    {{printf "%-40s|%5d|%08.3f|%x|%q|%v\\n" $p.Key $i 3.14159 $i $p.Value true}}{{end}}
    """

let block = """
    upstream {{ $x }} { {{ range $i, $s := getvs (printf "/a/%s/*" "b") }}server {{ $s }}:{{ add $i 80 }}; \
    {{ if eq $i 3 }}backup{{ else if gt $i 4 }}x{{ end }}{{ end }} } # some literal text here

    """

/// Keys `/services/svcNNNNN/servers/hostNNN` with JSON values, ten servers a service.
func store(services: Int) -> Snapshot {
    func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    var pairs: [(key: [UInt8], value: [UInt8])] = []
    for service in 0..<services {
        for host in 0..<10 {
            let key = "/services/svc\(padded(service, 5))/servers/host\(padded(host, 3))"
            let address = "10.\(service % 250).\(host % 250).\((service * 7 + host) % 250)"
            let value = "{\"host\": \"\(address)\", \"port\": \(8000 + host)}"
            pairs.append((Array(key.utf8), Array(value.utf8)))
        }
    }
    return Snapshot(pairs)
}

struct NoEnvironment: Rendering.Environment {
    let now = Time(unixSeconds: 0, nanoseconds: 0, local: Time.Location.utc)
    let templateFolder: ByteString = "/templates"
    func variable(_ name: ByteString) -> ByteString? { nil }
    func hostName() throws(EnvironmentError) -> ByteString { "host" }
    func addresses(ofHost host: ByteString) -> [ByteString]? { nil }
    func services(_ service: ByteString, protocol: ByteString, name: ByteString) -> [Rendering.ServiceRecord]? { nil }
    func addresses(ofInterface name: ByteString) -> [ByteString] { [] }
    func fileExists(_ path: ByteString) -> Bool { false }
    func template(at path: ByteString) throws(TemplateLoadError) -> ByteString { throw .outsideFolder }
}

/// The median time of seven runs of `body`, in milliseconds, and the bytes that a run gave.
func measure(_ name: String, _ body: () throws -> Int) rethrows {
    var times: [Duration] = []
    var bytes = 0
    for _ in 0..<7 {
        let start = Clock.monotonic()
        bytes = try body()
        times.append(Clock.monotonic() - start)
    }
    times.sort()
    let milliseconds = Double(times[3].components.attoseconds) / 1e15 + Double(times[3].components.seconds) * 1e3
    print("\(name)  \((milliseconds * 100).rounded() / 100) ms  \(bytes) bytes")
}

func render(_ name: String, _ text: String, _ snapshot: Snapshot) throws {
    let template = try CompiledTemplate(ByteString(text), name: name)
    try measure("\(name) \(snapshot.count)") {
        let rendered = Renderer().render(template, over: snapshot, in: NoEnvironment())
        if let failure = rendered.failure { throw failure }
        return rendered.output.count
    }
}

for services in [1_000, 10_000] {
    let snapshot = store(services: services)
    try render("nested", nested, snapshot)
    try render("flat", flat, snapshot)
    try render("printf", formatted, snapshot)
}
let source = "{{ $x := 1 }}" + String(repeating: block, count: (1 << 20) / block.utf8.count)
let bytes = ByteString(source)
try measure("parse") {
    _ = try CompiledTemplate(bytes, name: "parse")
    return bytes.count
}
