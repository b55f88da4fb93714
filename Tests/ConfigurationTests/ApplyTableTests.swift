import Appliers
import HTTP
import Posix
import TestSupport
import Testing

@testable import Configuration

/// A resource file with these fields in `[template]` and `[template.apply]`.
private func file(_ fields: String, template: String = "") -> String {
    "[template]\nsrc = \"a.tmpl\"\ndest = \"/nowhere/x\"\n\(template)\n[template.apply]\n\(fields)\n"
}

private func parse(_ text: String) throws -> ResourceParser.Result {
    var loader = SettingsLoader(environment: [:]) { _ in false }
    let settings = try loader.load(["-node", "http://127.0.0.1:1"])
    let directory = try TemporaryDirectory()
    try directory.write("a.tmpl", "")
    let parser = ResourceParser(
        settings: settings, environment: [:], templateFolder: directory.path, defaultLayers: settings.layers)
    return parser.parse(Array(text.utf8), path: "r.toml", name: "r.toml")
}

private func definition(_ fields: String, template: String = "") throws -> ApplyDefinition {
    let result = try parse(file(fields, template: template))
    #expect(result.errors.isEmpty && result.warnings.isEmpty, "\(result.errors) \(result.warnings)")
    return try #require(result.resources.first?.apply)
}

private let haproxy = """
    driver = "haproxy"
    socket = "/run/haproxy/admin.sock"
    backend = "web"
    """

private let generic = """
    driver = "http"
    url = "http://127.0.0.1:9000/api"
    backend = "web"
    list = { path = "/pools/web" }
    items = "/servers"
    match = { address = "/server", handle = "/id", weight = "/weight", drain = "/drain" }
    add = { path = "/pools/web", body = '{"server": "{{.address}}", "weight": {{.weight}}}', expect_status = "201" }
    change = { method = "PATCH", path = "/pools/web/{{.handle}}", body = '{"drain": {{.drain}}}' }
    remove = { path = "/pools/web/{{.handle}}" }
    """

@Suite struct ApplyTableTests {
    @Test func defaults() throws {
        let definition = try definition(haproxy)
        let target = try #require(HaproxyDriver.Target(socket: "/run/haproxy/admin.sock", backend: "web"))
        #expect(definition.target == .haproxy(target))
        #expect(definition.plan == PlanOptions() && definition.plan.minUp == 1 && definition.plan.drain == .zero)
        #expect(definition.plan.maxDrain == .seconds(60) && definition.reconcile == .seconds(10))
        #expect(definition.timeout == .seconds(2) && !definition.fallsBack)
        #expect(definition.target.subject == "haproxy /run/haproxy/admin.sock web")
    }

    @Test func allFields() throws {
        let more = """
            reconcile = "30s"
            timeout = "500ms"
            drain = "5s"
            max_drain = "2m"
            min_up = 2
            fallback = true
            """
        let definition = try definition(haproxy + "\n" + more, template: "reload_cmd = \"true\"")
        #expect(definition.plan.drain == .seconds(5) && definition.plan.maxDrain == .seconds(120))
        #expect(definition.plan.minUp == 2 && definition.reconcile == .seconds(30) && definition.fallsBack)
        let options = definition.sessionOptions
        #expect(options.exchange == .milliseconds(500) && options.reconciler.plan == definition.plan)
        #expect(options.reconciler.reconcile == .seconds(30))
    }

    @Test func nginxPlus() throws {
        let definition = try definition(
            """
            driver = "nginx-plus"
            url = "https://127.0.0.1:8080/api"
            backend = "web"
            api_version = 8
            stream = true
            headers = { X-Name = "confd" }
            token_file = "/etc/confd/token"
            ca_file = "/etc/ca.pem"
            insecure = true
            """)
        guard case .nginxPlus(let target) = definition.target else { throw SupportError("another driver") }
        #expect(target.version == 8 && target.isStream && target.upstream == "web")
        #expect(target.endpoint.headers == [Header("X-Name", "confd")])
        #expect(target.endpoint.tokenFile == "/etc/confd/token")
        #expect(target.endpoint.tls.authorityFile == "/etc/ca.pem" && !target.endpoint.tls.verifies)
    }

    @Test func caddyByIdAndByPath() throws {
        let start = "driver = \"caddy\"\nurl = \"unix:/run/caddy.sock:/\"\n"
        let byID = try definition(start + "backend = \"web\"")
        #expect(byID.target.subject == "caddy unix:/run/caddy.sock:/id/web")
        let byPath = try definition(start + "handler = \"apps/http/servers/main/routes/0/handle/0\"")
        #expect(byPath.target.subject.hasSuffix("/config/apps/http/servers/main/routes/0/handle/0"))
    }

    @Test func requestsOfTheGenericDriver() throws {
        guard case .http(let target) = try definition(generic).target else { throw SupportError("another driver") }
        #expect(target.identity == .address && target.items.text == "/servers")
        #expect(target.list.method == .get && target.add.method == .post && target.remove.method == .delete)
        #expect(target.change?.method == .patch && target.add.expectStatus == [201...201])
        #expect(target.add.fields == [.address, .weight] && target.remove.fields == [.handle])
        #expect(target.pointers.handle?.text == "/id" && target.pointers.drain?.text == "/drain")
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let errors: [String]

        init(_ name: String, _ text: String, _ errors: String...) {
            testDescription = name
            self.text = text
            self.errors = errors
        }
    }

    @Test(arguments: [
        Mistake(
            "unknown driver", file("driver = \"haproxi\"\nbackend = \"web\""),
            "r.toml:6:10: driver: \"haproxi\" is none of haproxy, nginx-plus, caddy, http — did you mean \"haproxy\"?"),
        Mistake("no driver", file("backend = \"web\""), "r.toml:5:11: driver: is required and must not be empty"),
        Mistake(
            "unknown field", file(haproxy + "\nmin_upp = 1"),
            "r.toml:9:1: unknown key \"min_upp\" in [template.apply] — did you mean \"min_up\"?"),
        Mistake(
            "field of another driver", file(haproxy + "\nitems = \"\""),
            "r.toml:9:1: unknown key \"items\" in [template.apply] — what can be there: backend, drain, driver, fallback, "
                + "max_drain, min_up, reconcile, socket, timeout, url"),
        Mistake(
            "both places", file(haproxy + "\nurl = \"http://a\""),
            "r.toml:9:7: url: exactly one of socket and url is to be set"),
        Mistake(
            "no place", file("driver = \"haproxy\"\nbackend = \"web\""),
            "r.toml:5:11: socket: socket is required — for example socket = \"/run/haproxy/admin.sock\""),
        Mistake(
            "url for haproxy", file("driver = \"haproxy\"\nurl = \"http://a\"\nbackend = \"web\""),
            "r.toml:7:7: url: the haproxy driver needs socket in place of this "
                + "— for example socket = \"/run/haproxy/admin.sock\""),
        Mistake(
            "socket for caddy", file("driver = \"caddy\"\nsocket = \"/run/a\"\nbackend = \"web\""),
            "r.toml:7:10: socket: the caddy driver needs url in place of this "
                + "— for example url = \"http://127.0.0.1:8080/api\" or \"unix:/run/api.sock:/api\""),
        Mistake(
            "no backend", file("driver = \"haproxy\"\nsocket = \"/run/a\""),
            "r.toml:5:11: backend: is required and must not be empty"),
        Mistake(
            "a backend that cannot be", file("driver = \"haproxy\"\nsocket = \"/run/a\"\nbackend = \"a b\""),
            "r.toml:8:11: backend: \"a b\" cannot be the name of a backend"),
        Mistake(
            "relative socket", file("driver = \"haproxy\"\nsocket = \"admin.sock\"\nbackend = \"web\""),
            "r.toml:7:10: socket: \"admin.sock\" is not the path of a socket — an absolute path of at most 107 bytes"),
        Mistake(
            "bad durations", file(haproxy + "\ndrain = \"soon\"\nreconcile = \"1ms\"\nmax_drain = -1"),
            "r.toml:9:9: drain: \"soon\" is not a time — write \"30s\", \"1m30s\" or a number of seconds",
            "r.toml:11:13: max_drain: -1 is not a time — write \"30s\", \"1m30s\" or a number of seconds",
            "r.toml:10:13: reconcile: shorter than 100ms"),
        Mistake("min_up", file(haproxy + "\nmin_up = -1"), "r.toml:9:10: min_up: -1 is not from 0 to 10000"),
        Mistake(
            "fallback alone", file(haproxy + "\nfallback = true"),
            "r.toml:9:12: fallback: needs reload_cmd or [template.reload] — what the driver cannot change live is left to that"
        ),
        Mistake(
            "a reload that never runs", file(haproxy, template: "reload_cmd = \"true\""),
            "r.toml:4:14: reload_cmd: has no effect beside [template.apply] "
                + "— fallback = true runs it for what the driver cannot change live"),
        Mistake(
            "rollback", file(haproxy, template: "rollback = true"),
            "r.toml:4:12: rollback: is not possible with [template.apply]"),
        Mistake(
            "no table", "[template]\nsrc = \"a.tmpl\"\ndest = \"/nowhere/x\"\napply = \"haproxy\"\n",
            "r.toml:4:9: apply: a string is not a table"),
        Mistake(
            "password in the url",
            file("driver = \"caddy\"\nurl = \"http://u:secret@a\"\nbackend = \"web\""),
            "r.toml:7:7: url: a user or password in a url would be seen in logs "
                + "— write user and password into headers, or a token into token_file"),
        Mistake(
            "header", file("driver = \"caddy\"\nurl = \"http://a\"\nbackend = \"web\"\nheaders = { \"a b\" = \"x\" }"),
            "r.toml:9:21: headers: \"a b\" cannot be sent as a header"),
        Mistake(
            "TLS without https", file("driver = \"caddy\"\nurl = \"http://a\"\nbackend = \"web\"\ninsecure = true"),
            "r.toml:9:12: insecure: has no effect without a url of https"),
        Mistake(
            "backend and handler",
            file("driver = \"caddy\"\nurl = \"http://a\"\nbackend = \"web\"\nhandler = \"apps\""),
            "r.toml:9:11: handler: exactly one of backend and handler is to be set "
                + "— backend is the handler's \"@id\", handler its path in the configuration"),
        Mistake(
            "version", file("driver = \"nginx-plus\"\nurl = \"http://a\"\nbackend = \"web\"\napi_version = 5"),
            "r.toml:9:15: api_version: 5 is not a version from 6 to 9"),
        Mistake(
            "field of a request", file(generic.replacing("{{.drain}}", with: "{{.drained}}")),
            "r.toml:13:70: body: \"{{.drained}}\" is not a field, at byte 11 — fields are {{.id}}, {{.address}}, "
                + "{{.host}}, {{.port}}, {{.weight}}, {{.drain}}, {{.backup}}, {{.handle}}"),
        Mistake(
            "handle in add", file(generic.replacing("\"{{.address}}\"", with: "\"{{.handle}}\"")),
            "r.toml:12:7: add: {{.handle}} in add — a server has no handle before it is added"),
        Mistake(
            "pointer", file(generic.replacing("\"/servers\"", with: "\"servers\"")),
            "r.toml:10:9: items: \"servers\" is not a JSON pointer — for example \"/servers\", or \"\" for the whole answer"
        ),
        Mistake(
            "both matches",
            file(generic.replacing("address = \"/server\"", with: "address = \"/server\", id = \"/a\"")),
            "r.toml:11:9: match: exactly one of id and address is to be set"),
        Mistake(
            "method", file(generic.replacing("PATCH", with: "patch")), "r.toml:13:21: method: \"patch\" is not a method"
        ),
        Mistake(
            "field in a request", file(generic.replacing("remove = { path", with: "remove = { pth")),
            "r.toml:14:10: path: is required and must not be empty",
            "r.toml:14:12: unknown key \"pth\" in remove — did you mean \"path\"?"),
    ])
    func mistakes(_ mistake: Mistake) throws {
        let result = try parse(mistake.text)
        let found = result.errors.map { error in
            let hint = error.hint.map { " — \($0)" } ?? ""
            return "\(error.location): \(error.message)\(hint)"
        }
        #expect(found == mistake.errors)
        #expect(result.resources.isEmpty)
    }

    @Test func oneBackendHasOneResource() throws {
        let confdir = try TemporaryDirectory()
        for folder in ["conf.d", "templates"] { try Files.makeFolder(confdir(folder)) }
        try confdir.write("templates/a.tmpl", "")
        try confdir.write("conf.d/a.toml", file(haproxy))
        try confdir.write("conf.d/b.toml", file(haproxy).replacing("/nowhere/x", with: "/nowhere/y"))
        var loader = SettingsLoader(environment: [:]) { _ in false }
        let settings = try loader.load(["-backend", "env", "-confdir", confdir.path])
        let loaded = try ResourceLoader(settings, environment: [:]).load()
        #expect(loaded.resources.map(\.name) == ["a.toml"])
        let summary =
            "\(confdir("conf.d/b.toml")):5:11: apply: haproxy /run/haproxy/admin.sock web is already applied by a.toml"
        #expect(loaded.errors.map(\.summary) == [summary])
    }
}
