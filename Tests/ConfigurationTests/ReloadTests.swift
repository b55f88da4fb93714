import Checks
import Posix
import TestSupport
import Testing

@testable import Configuration

/// Parses a resource with `fields`, against a templates directory that holds `a.tmpl`.
private func parse(
    _ fields: String, environment: [String: String] = [:], arguments: [String] = ["-backend", "env"]
) throws -> ResourceParser.Result {
    var loader = SettingsLoader(environment: [:]) { _ in false }
    let settings = try loader.load(arguments)
    let directory = try TemporaryDirectory()
    try directory.write("a.tmpl", "")
    let parser = ResourceParser(
        settings: settings, environment: environment, templateFolder: directory.path, defaultLayers: settings.layers)
    let text = "[template]\nsrc = \"a.tmpl\"\ndest = \"/nowhere/x y\"\n\(fields)\n"
    return parser.parse(Array(text.utf8), path: "r.toml", name: "r.toml")
}

@Suite struct CommandListTests {
    @Test(
        "words of a list",
        arguments: [
            ("[\"nginx\", \"-s\", \"reload\"]", ["nginx", "-s", "reload"]),
            ("[\"cp\", \"{{.dest}}\", \"x={{ .dest }}\"]", ["cp", "/nowhere/x y", "x=/nowhere/x y"]),
            ("[\"echo\", \"it's $HOME\", \"\"]", ["echo", "it's $HOME", ""]),
            ("[\"docker\", \"ps\", \"--format\", \"{{.Names}}\"]", ["docker", "ps", "--format", "{{.Names}}"]),
            ("[\"x\", \"{{range .a}}\", \"{{.dest}}\"]", ["x", "{{range .a}}", "/nowhere/x y"]),
        ])
    func words(list: String, expected: [String]) throws {
        let resource = try #require(try parse("reload_cmd = \(list)").resources.first)
        let action = try resource.reloadMethod?.action(source: "/s t", destination: resource.destination)
        #expect(action == .command(.program(expected)))
    }

    @Test func aCheckOfTheStagedFile() throws {
        let resource = try #require(
            try parse("check_cmd = [\"nginx\", \"-t\", \"-c\", \"{{.src}}\"]").resources.first)
        #expect(!resource.checksInPlace)
        let invocation = try resource.checkCommand?.invocation(source: "/s t", destination: "/d")
        #expect(invocation == .program(["nginx", "-t", "-c", "/s t"]))
        #expect(invocation?.text == "nginx -t -c '/s t'")
    }

    @Test func aCheckInPlace() throws {
        let resource = try #require(try parse("check_cmd = [\"nginx\", \"-t\"]").resources.first)
        #expect(resource.inPlaceCheck == .program(["nginx", "-t"]))
    }

    @Test(
        "what cannot be a command",
        arguments: [
            ("check_cmd = []", "r.toml:4:13: check_cmd: is an empty array"),
            ("reload_cmd = []", "r.toml:4:14: reload_cmd: is an empty array"),
            ("reload_cmd = [\"\"]", "r.toml:4:15: reload_cmd: the first word, which names the program, is empty"),
            ("reload_cmd = [\"a\", 1]", "r.toml:4:20: reload_cmd: an integer where a string is expected"),
            ("reload_cmd = [\"a\", [\"b\"]]", "r.toml:4:20: reload_cmd: an array where a string is expected"),
            ("reload_cmd = [\"a\", \"b\\u0000\"]", "r.toml:4:20: reload_cmd: a word cannot hold a zero byte"),
            ("reload_cmd = 1", "r.toml:4:14: reload_cmd: an integer where a string or an array of strings is expected"),
            ("check_cmd = true", "r.toml:4:13: check_cmd: a boolean where a string or an array of strings is expected"),
        ])
    func errors(fields: String, summary: String) throws {
        #expect(try parse(fields).errors.map(\.summary) == [summary])
    }

    @Test func theWordWithAWrongFieldIsNamed() throws {
        let check = try #require(try parse("check_cmd = [\"nginx\",\n  \"{{.scr}}\"]").errors.first)
        #expect(check.summary.hasPrefix("r.toml:5:3: check_cmd: "), "\(check.summary)")
        let reload = try #require(try parse("reload_cmd = [\"x\", \"{{.dest}} {{.Names}}\"]").errors.first)
        #expect(reload.summary.hasPrefix("r.toml:4:20: reload_cmd: "), "\(reload.summary)")
    }
}

@Suite struct ReloadTableTests {
    private func method(_ fields: String, environment: [String: String] = [:]) throws -> ReloadMethod? {
        let result = try parse(fields, environment: environment)
        #expect(result.errors.isEmpty, "\(result.errors.map(\.text))")
        return result.resources.first?.reloadMethod
    }

    @Test func aSignal() throws {
        let fields = "[template.reload]\nsignal = \"hup\"\npid_file = \"${RUN}/n.pid\"\nprocess = \"nginx\""
        #expect(
            try method(fields, environment: ["RUN": "/run"])
                == .signal(ProcessSignal(signal: .hangUp, pidFile: "/run/n.pid", process: "nginx")))
    }

    @Test func aRequest() throws {
        let fields = """
            [template.reload]
            http = { method = "PUT", url = "https://h:1/p?q=1", headers = { b = "2", A = "1" }, body_file = "{{.dest}}", \
            expect_status = "204", token_file = "/run/token" }
            """
        guard case .request(let request, let bodyFile) = try method(fields)?.action(source: "/s", destination: "/d e")
        else {
            Issue.record("no request")
            return
        }
        #expect(
            request.method == "PUT" && request.url.text == "https://h:1/p?q=1" && request.url.name == "https://h:1/p")
        #expect(request.headers.map(\.name) == ["A", "b"] && request.headers.map(\.value) == ["1", "2"])
        #expect(bodyFile == "/d e" && request.tokenFile == "/run/token")
        #expect(request.expectedStatus.contains(204) && !request.expectedStatus.contains(200))
    }

    @Test func filesOfCertificates() throws {
        let fields = """
            [template.reload.http]
            url = "https://h/"
            ca_file = "${DIR}/ca.pem"
            client_cert = "/c.pem"
            client_key = "/c.key"
            """
        guard case .request(let request)? = try method(fields, environment: ["DIR": "/d"]) else {
            Issue.record("no request")
            return
        }
        let files = request.certificates
        #expect(
            files.authorityFile == "/d/ca.pem" && files.certificateFile == "/c.pem" && files.keyFile == "/c.key")
    }

    @Test func whatARequestIsWithoutMore() throws {
        guard case .request(let request)? = try method("[template.reload]\nhttp = { url = \"http://h/\" }") else {
            Issue.record("no request")
            return
        }
        #expect(request.method == "POST" && request.headers.isEmpty && request.tokenFile == nil)
        #expect(request.expectedStatus.contains(299) && !request.expectedStatus.contains(300))
    }

    @Test(
        "sockets",
        arguments: [
            (
                "unix:///var/run/docker.sock:/containers/n/kill?signal=HUP", "/var/run/docker.sock",
                "http://localhost/containers/n/kill?signal=HUP", "unix:///var/run/docker.sock:/containers/n/kill"
            ),
            ("unix:/run/a:/x:y", "/run/a", "http://localhost/x:y", "unix:/run/a:/x:y"),
        ])
    func socket(url: String, path: String, text: String, name: String) throws {
        let parsed = try RequestURL(url)
        #expect(parsed.unixSocket == path && parsed.text == text && parsed.name == name)
    }

    /// With a command after `--`, `reload_signal` is used; without one, the table is.
    @Test func aSignalForTheChildGoesBefore() throws {
        let fields = "reload_signal = \"USR1\"\n[template.reload]\nsignal = \"HUP\"\npid_file = \"/p\""
        let signal = ProcessSignal(signal: .hangUp, pidFile: "/p", process: nil)
        #expect(try parse(fields).resources.first?.reloadMethod == .signal(signal))
        let supervised = try parse(fields, arguments: ["-backend", "env", "--", "nginx"])
        #expect(supervised.resources.first?.reloadMethod == .childSignal(.user1))
    }

    private static let pid = "pid_file = \"/p\""

    @Test(
        "what cannot be a reload",
        arguments: [
            ("reload = \"nginx -s reload\"", "4:10: reload: a string is not a table"),
            ("[[template.reload]]\nsignal = \"HUP\"\n\(pid)", "4:12: reload: an array is not a table"),
            ("[template.reload]", "4:11: reload: needs signal or http"),
            ("[template.reload]\nsignal = \"HUP\"", "4:11: pid_file: is required and must not be empty"),
            (
                "[template.reload]\nsignal = \"HUP\"\npid_file = \"\"",
                "6:12: pid_file: is required and must not be empty"
            ),
            ("[template.reload]\nsignal = \"HUPP\"\n\(pid)", "5:10: signal: \"HUPP\" is not a signal"),
            ("[template.reload]\nsignal = 1\n\(pid)", "5:10: signal: an integer where a string is expected"),
            (
                "[template.reload]\nsignal = \"HUP\"\n\(pid)\nprocess = \"\"",
                "7:11: process: is required and must not be empty"
            ),
            ("[template.reload]\nsignal = \"HUP\"\npid_file = \"${NO}/x\"", "6:12: pid_file: variable NO is not set"),
            (
                "[template.reload]\n\(pid)\nhttp = { url = \"http://h/\" }",
                "5:12: pid_file: has no effect without signal"
            ),
            (
                "[template.reload]\nsignal = \"HUP\"\n\(pid)\nhttp = { url = \"http://h/\" }",
                "7:8: http: signal and http exclude each other"
            ),
            (
                "reload_cmd = \"x\"\n[template.reload]\nsignal = \"HUP\"\n\(pid)",
                "5:11: reload: reload_cmd and [template.reload] exclude each other"
            ),
            ("reload = { http = \"http://h/\" }", "4:19: http: a string is not a table"),
            ("reload = { http = { } }", "4:19: url: is required and must not be empty"),
            (
                "reload = { http = { url = \"ftp://h/\" } }",
                "4:27: url: begins with neither http://, https:// nor unix:///"
            ),
            ("reload = { http = { url = \"http://u:p@h/\" } }", "4:27: url: user and password do not belong in a URL"),
            (
                "reload = { http = { url = \"http://h/\", ca_file = \"/ca\" } }",
                "4:50: ca_file: has no effect without a url of https"
            ),
            (
                "reload = { http = { url = \"unix:///s:/x\", client_cert = \"/c\" } }",
                "4:57: client_cert: has no effect without a url of https"
            ),
            (
                "reload = { http = { url = \"https://h/\", client_key = \"/k\" } }",
                "4:54: client_key: has no effect without client_cert"
            ),
            (
                "reload = { http = { url = \"https://h/\", ca_file = \"\" } }",
                "4:51: ca_file: is required and must not be empty"
            ),
            ("reload = { http = { url = \"http:///x\" } }", "4:27: url: there is no host"),
            ("reload = { http = { url = \"http://h/#x\" } }", "4:27: url: \"#\" has no place in a request"),
            (
                "reload = { http = { url = \"http://h/ x\" } }",
                "4:27: url: a URL is printable ASCII without spaces and backslashes"
            ),
            (
                "reload = { http = { url = \"unix:///run/x.sock\" } }",
                "4:27: url: there is no path of a socket and, after a colon, of a request"
            ),
            (
                "reload = { http = { url = \"http://h/\", method = \"post\" } }",
                "4:49: method: \"post\" is none of GET, HEAD, POST, PUT, PATCH, DELETE"
            ),
            (
                "reload = { http = { url = \"http://h/\", expect_status = \"2xx\" } }",
                "4:56: expect_status: a status is from 100 to 599, at byte 1"
            ),
            (
                "reload = { http = { url = \"http://h/\", headers = { Authorization = \"Bearer x\" } } }",
                "4:68: headers: credentials do not belong in a resource file: \"Authorization\""
            ),
            (
                "reload = { http = { url = \"http://h/\", headers = { X = 1 } } }",
                "4:56: headers: an integer where a string is expected"
            ),
            (
                "reload = { http = { url = \"http://h/\", body_file = \"{{.src}}\" } }",
                "4:52: body_file: the staged file was renamed to dest by then"
            ),
            (
                "reload = { http = { url = \"http://h/\", method = \"GET\", body_file = \"/x\" } }",
                "4:68: body_file: GET has no body"
            ),
        ])
    func errors(fields: String, summary: String) throws {
        let found = try parse(fields).errors.map(\.summary)
        #expect(found == ["r.toml:\(summary)"])
    }

    @Test func unknownFieldsAreNamedWithTheNearest() throws {
        let signal = try parse("[template.reload]\nsignal = \"HUP\"\npidfile = \"/q\"\n\(Self.pid)")
        #expect(signal.warnings.map(\.summary) == ["r.toml:6:1: unknown key \"pidfile\" in [template.reload]"])
        #expect(signal.warnings.first?.hint?.contains("pid_file") == true)
        let request = try parse("reload = { http = { url = \"http://h/\", metod = \"GET\" } }")
        #expect(request.warnings.map(\.summary) == ["r.toml:4:40: unknown key \"metod\" in http of [template.reload]"])
        #expect(request.warnings.first?.hint?.contains("method") == true)
    }
}
