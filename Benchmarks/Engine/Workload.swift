import KeyValue
import Rendering
import TextTemplate

/// One row of the benchmark: something to do again and again, and how many bytes it gave or took.
struct Workload {
    let name: String
    let run: () throws -> Int

    /// Rendering of `text` over ten servers for each of `services`.
    static func render(_ name: String, _ text: String, services: Int) throws -> Workload {
        let template = try CompiledTemplate(ByteString(text), name: name)
        let snapshot = store(services: services)
        return Workload(name: name) {
            let rendered = Renderer().render(template, over: snapshot, in: NoEnvironment())
            if let failure = rendered.failure { throw failure }
            return rendered.output.count
        }
    }

    /// Functions over millions of elements or tens of megabytes.
    static func functions() throws -> [Workload] {
        let store = Snapshot([])
        return try Templates.functions.map { name, text in
            let template = try CompiledTemplate(ByteString(text), name: name)
            return Workload(name: name) {
                let rendered = Renderer().render(template, over: store, in: NoEnvironment())
                if let failure = rendered.failure { throw failure }
                return rendered.output.count
            }
        }
    }

    /// Parsing of a template of `size` bytes.
    static func parse(size: Int) -> Workload {
        let block = Templates.block
        let source = ByteString("{{ $x := 1 }}" + String(repeating: block, count: size / block.utf8.count))
        return Workload(name: "parse") {
            _ = try CompiledTemplate(source, name: "parse")
            return source.count
        }
    }
}

enum Templates {
    static let nested = """
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

    static let flat = """
        {{range gets "/services/*/servers/*"}}{{$d := json .Value}}{{.Key}} server {{$d.host}}:{{$d.port}};
        {{end}}
        """

    static let formatted = """
        {{range $i, $p := gets "/services/*/servers/*"}}\
        {{printf "%-40s|%5d|%08.3f|%x|%q|%v\\n" $p.Key $i 3.14159 $i $p.Value true}}{{end}}
        """

    static let functions = [
        ("split into characters", #"{{index (split (repeat 2000000 "x") "") 1}}"#),
        ("split at commas", #"{{index (split (repeat 2000000 "abc,") ",") 1}}"#),
        ("split and reverse", #"{{index (reverse (split (repeat 2000000 "abc,") ",")) 1}}"#),
        (
            "split and sortByLength",
            #"{{index (sortByLength (split (repeat 200000 "abc,a,abcdef,ab,ghghgj,a,a,fdf,gffgf,g,") ",")) 1}}"#
        ),
        ("toUpper of ASCII", #"{{len (toUpper (repeat 10000000 "abcd"))}}"#),
        ("toUpper of other letters", #"{{len (toUpper (repeat 2000000 "éaβ"))}}"#),
    ]

    static let block = """
        upstream {{ $x }} { {{ range $i, $s := getvs (printf "/a/%s/*" "b") }}server {{ $s }}:{{ add $i 80 }}; \
        {{ if eq $i 3 }}backup{{ else if gt $i 4 }}x{{ end }}{{ end }} } # some literal text here

        """
}

/// Keys `/services/svcNNNNN/servers/hostNNN` with JSON values, ten servers a service.
private func store(services: Int) -> Snapshot {
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

private struct NoEnvironment: Rendering.Environment {
    func localAddress() throws(EnvironmentError) -> ByteString { throw .noRoute(reason: "no connection") }
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
