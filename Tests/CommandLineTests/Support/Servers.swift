import Foundation
import Glibc
import TestSupport

/// A server that ends with the tests, even when they crash: a shell waits on a socket whose other end only this
/// process holds.
final class ServerProcess {
    private let child: Child
    private let lifeline: Int32

    init(_ executable: String, _ arguments: [String], directory: String) throws {
        var ends: [Int32] = [-1, -1]
        // Closed on exec from the start: a child that inherited our end would keep the server alive.
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SupportError("no socket pair") }
        let script = #""$@" & server=$!; read line; kill -TERM $server; wait $server"#
        let command = ChildCommand(
            executable: "/bin/sh", arguments: ["-c", script, "server", executable] + arguments,
            environment: Machine.environment, directory: directory)
        lifeline = ends[1]
        defer { close(ends[0]) }
        child = try Child(command, inputDescriptor: ends[0])
    }

    deinit {
        close(lifeline)
        // Up to five seconds for an orderly end; after that the child's own deinit kills the group.
        for _ in 0..<1_000 where child.isRunning { usleep(5_000) }
    }

    var log: String { child.standardOutput + child.standardError }

    /// Sends a signal to the server and the shell around it.
    func signal(_ signal: Int32) { kill(-child.processID, signal) }
}

/// A real etcd with an empty store.
final class Etcd {
    /// How a server is started.
    struct Options {
        /// With it the server speaks TLS.
        var certificate: (file: String, key: String)?
        /// Where its data is; a folder of the sandbox on disk if nil.
        var folder: String?
        var arguments: [String] = []
        /// nil for the only member of a cluster.
        var member: EtcdMember?
    }

    let port: UInt16
    private let peerPort: UInt16
    let endpoint: String
    /// How etcdctl reaches it.
    private var access: [String]
    private let arguments: [String]
    private var process: ServerProcess?

    /// Starts one in the sandbox; it stops when it is no longer referred to.
    /// With `certificate` it speaks TLS with that certificate and its key.
    static func start(
        in box: Sandbox, certificate: (file: String, key: String)? = nil, folder: String? = nil,
        arguments: [String] = []
    ) async throws -> Etcd {
        var options = Options()
        options.certificate = certificate
        options.folder = folder
        options.arguments = arguments
        let etcd = try Etcd(in: box, options)
        try await etcd.start()
        return etcd
    }

    /// One that is not started yet.
    init(in box: Sandbox, _ options: Options) throws {
        port = try Ports.free()
        let certificate = options.certificate
        endpoint = "\(certificate == nil ? "http" : "https")://127.0.0.1:\(port)"
        access = ["--endpoints", endpoint] + (certificate.map { ["--cacert", $0.file] } ?? [])
        let member = try options.member ?? .alone()
        peerPort = member.peerPort
        let secure = certificate.map { ["--cert-file", $0.file, "--key-file", $0.key] } ?? []
        arguments =
            member.arguments(directory: options.folder ?? box.path("etcd"), clientURL: endpoint)
            + ["--logger", "zap", "--max-txn-ops", "100000", "--max-request-bytes", "10000000"] + secure
            + options.arguments
    }

    /// Starts the server, with the data that it has, and waits until it serves.
    func start() async throws {
        try launch()
        try await waitUntilHealthy()
    }

    /// Starts the server without waiting.
    func launch() throws {
        // A server that was just killed may still hold its ports.
        for port in [port, peerPort] { try Ports.waitUntilFree(port) }
        process = try ServerProcess(Machine.etcd, arguments, directory: "/")
    }

    func waitUntilHealthy() async throws {
        let health = ChildCommand(
            executable: "etcdctl", arguments: access + ["endpoint", "health"], environment: Machine.environment)
        guard try await eventually(answer: { try await run(health).exitCode == 0 }) else {
            throw SupportError("etcd did not start:\n\(process?.log ?? "")")
        }
    }

    /// Ends the server in good order; its data stays.
    func stop() { process = nil }

    /// `SIGKILL`; its data stays.
    func kill() {
        process?.signal(SIGKILL)
        process = nil
    }

    /// Sends a signal: `SIGSTOP` suspends the server, `SIGCONT` resumes it.
    func signal(_ signal: Int32) { process?.signal(signal) }

    func put(_ key: String, _ value: String) async throws {
        try await put(key, bytes: Array(value.utf8))
    }

    /// The value goes through standard input, so that any bytes will do.
    func put(_ key: String, bytes: [UInt8]) async throws {
        // etcdctl takes an empty value only as an argument.
        if bytes.isEmpty {
            try await control("put", "--", key, "")
        } else {
            try await control("put", "--", key, input: bytes)
        }
    }

    func put(_ keys: [String: String]) async throws {
        for (key, value) in keys { try await put(key, value) }
    }

    /// All at once, at one revision; keys and values are plain words.
    func putTogether(_ keys: [(String, String)]) async throws {
        let puts = keys.map { "put \($0) \($1)" }.joined(separator: "\n")
        try await control("txn", input: Array("\n\(puts)\n\n\n".utf8))
    }

    func delete(_ key: String) async throws {
        try await control("del", "--", key)
    }

    func deleteAll() async throws {
        try await control("del", "--from-key", "--", "")
    }

    /// Turns authentication on, with the user root.
    func enableAuthentication(password: String) async throws {
        try await control("user", "add", "root:\(password)")
        try await control("user", "grant-role", "root", "root")
        try await control("auth", "enable")
        access += ["--user", "root:\(password)"]
    }

    /// A user who may read the keys from `prefix` on.
    func addReader(_ name: String, password: String, prefix: String) async throws {
        try await control("role", "add", name)
        try await control("role", "grant-permission", "--prefix=true", name, "read", prefix)
        try await control("user", "add", "\(name):\(password)")
        try await control("user", "grant-role", name, name)
    }

    /// Lets a role read the keys from `prefix` on, too.
    func permit(_ role: String, prefix: String) async throws {
        try await control("role", "grant-permission", "--prefix=true", role, "read", prefix)
    }

    /// Takes back what `permit` has given.
    func forbid(_ role: String, prefix: String) async throws {
        try await control("role", "revoke-permission", "--prefix=true", role, prefix)
    }

    private func control(_ arguments: String..., input: [UInt8]? = nil) async throws {
        let done = try await run(
            ChildCommand(
                executable: "etcdctl", arguments: access + arguments, environment: Machine.environment, input: input))
        guard done.exitCode == 0 else { throw SupportError("etcdctl \(arguments.joined(separator: " ")): \(done)") }
    }
}

/// A real nginx in a prefix folder of its own, whose configuration includes a file that confd renders.
final class Nginx {
    /// Where it listens for the server blocks of the included file.
    let port: UInt16
    /// The file it includes.
    let included: String
    private let prefix: String
    private let process: ServerProcess

    /// `-p` and `-c`, for commands that talk to this server.
    var flags: String { "-p \(prefix) -c \(prefix)/nginx.conf" }

    /// A shell command that lets nginx test its configuration with the file `candidate` in place of the included one.
    func testing(_ candidate: String) -> String {
        let edit = "'s|include .*|include '\(candidate)';|; s|nginx.pid|candidate.pid|'"
        return "sed \(edit) \(prefix)/nginx.conf > \(prefix)/candidate.conf"
            + " && nginx -t -q -p \(prefix) -c \(prefix)/candidate.conf"
    }

    /// A shell command that makes the running server read its configuration again.
    var reloading: String { "nginx \(flags) -s reload" }

    /// Starts one. `upstreams` maps a port to the text that the tiny server on that port answers with.
    static func start(in box: Sandbox, port: UInt16, including file: String, upstreams: [UInt16: String]) async throws
        -> Nginx
    {
        try await Nginx(box: box, port: port, included: file, upstreams: upstreams)
    }

    private init(box: Sandbox, port: UInt16, included: String, upstreams: [UInt16: String]) async throws {
        self.port = port
        self.included = included
        prefix = box.path("nginx")
        let servers = upstreams.map { port, text in
            "server { listen 127.0.0.1:\(port); location / { return 200 \"\(text)\"; } }"
        }
        try box.write(
            "nginx/nginx.conf",
            """
            daemon off;
            worker_processes 1;
            pid \(prefix)/nginx.pid;
            error_log \(prefix)/error.log;
            events {}
            http {
                access_log off;
                client_body_temp_path \(prefix)/body;
                proxy_temp_path \(prefix)/proxy;
                fastcgi_temp_path \(prefix)/fastcgi;
                uwsgi_temp_path \(prefix)/uwsgi;
                scgi_temp_path \(prefix)/scgi;
                \(servers.sorted().joined(separator: "\n    "))
                include \(included);
            }

            """)
        let test = try await run(
            ChildCommand(
                executable: "nginx", arguments: ["-t", "-q", "-p", prefix, "-c", "\(prefix)/nginx.conf"],
                environment: Machine.environment))
        guard test.exitCode == 0 else { throw SupportError("nginx -t: \(test)") }
        process = try ServerProcess("nginx", ["-p", prefix, "-c", "\(prefix)/nginx.conf"], directory: "/")
        let ready = try await eventually { !http(port: upstreams.keys.first ?? port, path: "/").isEmpty }
        guard ready else { throw SupportError("nginx did not start:\n\(process.log)") }
    }
}

/// GET http://127.0.0.1:`port``path`: the whole answer with its header. It is empty when nothing listens, and ends early when
/// the server sends nothing for half a minute.
func http(port: UInt16, path: String, host: String = "localhost") -> String {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = loopback(port)
    let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    guard connected else { return "" }
    let request = Array("GET \(path) HTTP/1.0\r\nHost: \(host)\r\n\r\n".utf8)
    let sent = Glibc.send(descriptor, request, request.count, Int32(MSG_NOSIGNAL))
    guard sent == request.count else { return "" }
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count <= 0 { return String(decoding: answer, as: UTF8.self) }
        answer.append(contentsOf: chunk[..<count])
    }
}

/// The body of `http(port:path:)`, nil unless the status is 200.
func httpBody(port: UInt16, path: String) -> String? {
    let answer = http(port: port, path: path)
    guard answer.hasPrefix("HTTP/1.1 200"), let end = answer.range(of: "\r\n\r\n") else { return nil }
    return String(answer[end.upperBound...])
}
