// The tables of health checks.
extension TableHelp {
    static var templateHealthCheck: TableHelp {
        TableHelp(
            title: "[[template.health_check]]", summary: "keys that stand for servers; what is down leaves the file",
            fields: [
                Field("keys", help: "a pattern over the keys that the template sees: each match is a server; required"),
                Field(
                    "target",
                    help: "template that gives HOST:PORT or unix:/PATH (the value, or the last part of the key)"),
                Field("hide", help: "whether what is down is not there for the template (true)"),
                Field("group", help: "template; servers of one text are a group (the directory of the key)"),
                Field("min_healthy", help: "with fewer of a group up, as a number or 50%, all are shown (1)"),
            ], forms: own(FieldProbe.templateHealthCheck))
    }

    static var serviceHealthCheck: TableHelp {
        TableHelp(
            title: "[[service.health_check]]", summary: "whether the service works that a key stands for",
            fields: [Field("target", help: "HOST:PORT or unix:/PATH (port of this machine)")],
            forms: own(FieldProbe.serviceHealthCheck))
    }

    /// What both kinds of tables have.
    static var healthCheck: TableHelp {
        TableHelp(
            title: "every health_check", summary: "how servers are probed", fields: timing + ofTypes,
            forms: sharedForms)
    }

    private static let timing = [
        Field("type", help: "how: http, tcp, tls (ssl_hello), grpc, mysql, ajp, fastcgi or exec; required"),
        Field("interval", "timeout", help: "time between two probes, and the limit of one (5s, 2s)"),
        Field("rise", "fall", help: "successes in a row until it is up, failures until it is down (2, 3)"),
        Field("port", help: "the port that is asked (the target's)"),
        Field("initial", help: "what holds before there is a verdict (up; with [service] down)"),
        Field("slow_start", help: "this long without a failure, besides rise, until it is up again (0)"),
        Field("jitter", help: "up to this much is added to each pause at random (0)"),
        Field("allow", help: "networks that probes may reach, in CIDR notation (all)"),
    ]

    private static let ofTypes = [
        Field("path", help: "http, fastcgi: what is asked for (/)"),
        Field("method", help: "http: the method (GET)"),
        Field("host", help: "http, grpc: the name in the request (the target)"),
        Field("headers", help: "http: names and values"),
        Field("expect_status", help: "http, fastcgi: the statuses of a healthy server (200-399)"),
        Field("expect_body", help: "http, fastcgi: text that the first 64 KiB of the body must hold"),
        Field("tls", help: "http, grpc: whether to use TLS (false)"),
        Field("send", "expect", help: "tcp: what is sent, and what the answer must hold; \\r \\n \\t \\\\ \\xNN"),
        Field("user", help: "mysql: logs in without a password (the greeting is enough)"),
        Field("command", help: "exec: the words, run without a shell; {{.Host}} and {{.Port}}; required"),
        Field("ca_file", "client_cert", "client_key", help: "with tls: files of certificates and the key"),
        Field("server_name", help: "with tls: the name in the server's certificate (the target's)"),
        Field("insecure", help: "with tls: do not verify the certificate (false)"),
    ]

    private static var sharedForms: [String: FieldForm] {
        HealthCheckReader.types.reduce(into: [:]) { forms, type in
            forms.merge(FieldProbe.healthCheck(ofType: type)) { $0.refined(by: $1) }
        }
    }

    private static func own(_ forms: [String: FieldForm]) -> [String: FieldForm] {
        let shared = sharedForms
        return forms.filter { shared[$0.key] == nil }
    }
}

/// What a type of health check takes for healthy, and its fields.
struct CheckTypeHelp {
    let name: String
    let healthy: String
    let fields: [String]

    /// In the order of docs/checks.md.
    static let all = [
        CheckTypeHelp(
            name: "http", healthy: "a status of expect_status, and expect_body in the body; redirects are not followed",
            fields: ["path", "method", "host", "headers", "expect_status", "expect_body", "tls"]),
        CheckTypeHelp(
            name: "tcp", healthy: "a connection; with send and expect, an answer that contains expect",
            fields: ["send", "expect"]),
        CheckTypeHelp(
            name: "tls", healthy: "a handshake with a valid certificate",
            fields: ["ca_file", "server_name", "insecure", "client_cert", "client_key"]),
        CheckTypeHelp(
            name: "grpc", healthy: "SERVING from grpc.health.v1.Health/Check of the server as a whole",
            fields: ["host", "tls"]),
        CheckTypeHelp(
            name: "mysql", healthy: "the server's greeting; with user, a login without a password", fields: ["user"]),
        CheckTypeHelp(name: "ajp", healthy: "CPong", fields: []),
        CheckTypeHelp(
            name: "fastcgi", healthy: "a status of expect_status for a request of path",
            fields: ["path", "expect_status", "expect_body"]),
        CheckTypeHelp(name: "exec", healthy: "exit status 0 within timeout", fields: ["command"]),
    ]
}
