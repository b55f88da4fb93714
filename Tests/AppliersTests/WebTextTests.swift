import HTTP
import Testing

@testable import Appliers

@Suite struct WebTextTests {
    @Test(
        arguments: [
            ("http://127.0.0.1:2019", "http://127.0.0.1:2019", nil),
            ("https://[::1]:8443/api/", "https://[::1]:8443/api", nil),
            ("unix:///run/x.sock:/v1/", "http://localhost/v1", "/run/x.sock"),
            ("unix:/run/x.sock:", "http://localhost", "/run/x.sock"),
            ("unix:/run/x.sock", "http://localhost", "/run/x.sock"),
        ] as [(String, String, String?)])
    func endpointsAreRead(_ text: String, _ base: String, _ socket: String?) throws {
        let endpoint = try HTTPEndpoint(text)
        #expect(endpoint.base == base && endpoint.unixSocket == socket)
    }

    @Test(arguments: [
        ("ftp://x", HTTPEndpoint.Problem.scheme), ("127.0.0.1:80", .scheme), ("file:///etc/passwd", .scheme),
        ("http://user:pw@x/", .credentials), ("http://x/?a=b", .query), ("http://x/#a", .query),
        ("http://x/a b", .character), ("http://x/\r\nHost: y", .character), ("http://ü/", .character),
        ("http:///x", .noHost), ("http://:80", .noHost), ("unix:x", .noSocketPath), ("unix:/", .noSocketPath),
        ("unix:/a:b", .noSocketPath),
    ])
    func otherEndpointsAreNot(_ text: String, _ problem: HTTPEndpoint.Problem) {
        #expect(throws: problem) { try HTTPEndpoint(text) }
    }

    @Test func templatesAreFilledAndEscaped() throws {
        let template = RequestTemplate(
            .patch, try RequestTemplate.parts("/a/{{.id}}/{{ .port }}"),
            body: try RequestTemplate.parts(#"{"x":"http://{{.address}}/","w":{{.weight}}}"#))
        let values: [RequestTemplate.Field: String] = [
            .id: "a/b?c", .port: "80", .address: "q\"\\\n", .weight: "7",
        ]
        #expect(template.path(values) == "/a/a%2Fb%3Fc/80")
        #expect(String(decoding: template.body(values), as: UTF8.self) == #"{"x":"http://q\"\\\n/","w":7}"#)
        #expect(template.fields == [.id, .port, .address, .weight])
        #expect(try RequestTemplate.parts("") == [])
        #expect(try RequestTemplate.parts("{{.host}}{{.drain}}") == [.field(.host), .field(.drain)])
    }

    @Test(arguments: [
        ("/x{{.id", 2, RequestTemplate.Problem.Kind.unclosed), ("{{.name}}", 0, .unknownField(".name")),
        ("a {{id}}", 2, .unknownField("id")), ("{{}}", 0, .unknownField("")),
        ("{{.id | printf}}", 0, .unknownField(".id | printf")),
    ])
    func otherTemplatesAreNot(_ text: String, _ offset: Int, _ kind: RequestTemplate.Problem.Kind) {
        #expect(throws: RequestTemplate.Problem(kind: kind, offset: offset)) { try RequestTemplate.parts(text) }
    }

    @Test(
        arguments: [
            ("", #"{"a":[10,{"b/c~d":true}],"":null}"#), ("/a/0", "10"), ("/a/1/b~1c~0d", "true"), ("/", "null"),
            ("/a/01", nil), ("/a/2", nil), ("/a/-", nil), ("/b", nil), ("/a/0/x", nil),
        ] as [(String, String?)])
    func pointersFind(_ text: String, _ found: String?) throws {
        let value = try JSONValue(parsing: Array(#"{"a":[10,{"b/c~d":true}],"":null}"#.utf8))
        let pointer = try #require(JSONPointer(text))
        #expect(pointer.find(in: value).map { String(decoding: $0.encoded, as: UTF8.self) } == found)
    }

    @Test(arguments: ["a", "a/b", "/~", "/~2", "/a~"])
    func otherPointersAreNot(_ text: String) { #expect(JSONPointer(text) == nil) }

    @Test(arguments: [
        #"{"a":1,"a":2}"#, "[1,2.5,-0.001,1e+30,9007199254740993]", #"["\"\\","é",true,false,null,[],{}]"#,
    ])
    func valuesAreWrittenAsTheyWere(_ text: String) throws {
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(String(decoding: value.encoded, as: UTF8.self) == text)
    }

    @Test func numbersOutOfRangeAreNoJSON() {
        #expect(throws: JSONTreeError.self) { try JSONValue(parsing: Array("[1e999]".utf8)) }
    }

    @Test func secretsAreNotSaid() {
        #expect(Said.text(Array(" token abc and abc. \n".utf8), hiding: ["abc", ""]) == "token *** and ***.")
        let long = String(repeating: "x", count: Said.limit - 2) + "secret and more"
        let said = Said.text(Array(long.utf8), hiding: ["secret"])
        #expect(said.utf8.count <= Said.limit && !said.contains("se"))
        #expect(Said.text(Array("abcdef abc".utf8), hiding: ["abc", "abcdef"]) == "*** ***")
        let echo = String(repeating: "a-long-secret ", count: 1_000)
        for length in 4_109...4_140 {
            let said = Said.text(echo.utf8.prefix(length).map { $0 }, hiding: ["a-long-secret"])
            #expect(!said.contains("a-l"), "\(length)")
        }
    }

    @Test func targetsAreChecked() throws {
        let endpoint = try HTTPEndpoint("http://x")
        let match = GenericHTTPTarget.Pointers(match: try #require(JSONPointer("/address")))
        let whole = try #require(JSONPointer(""))
        func target(
            list: String = "/l", add: String = "/a", remove: String = "/r",
            _ identity: BalancerTraits.Identity = .address
        ) throws -> GenericHTTPTarget {
            try GenericHTTPTarget(
                endpoint, name: "web", list: RequestTemplate(.get, RequestTemplate.parts(list)), items: whole,
                identity: identity, pointers: match, add: RequestTemplate(.post, RequestTemplate.parts(add)),
                change: nil, remove: RequestTemplate(.delete, RequestTemplate.parts(remove)))
        }
        #expect(throws: Never.self) { try target(add: "/{{.id}}", remove: "/{{.address}}") }
        #expect(throws: GenericHTTPTarget.Problem.fieldInList(.id)) { try target(list: "/{{.id}}") }
        #expect(throws: GenericHTTPTarget.Problem.handleInAdd) { try target(add: "/{{.handle}}") }
        #expect(throws: GenericHTTPTarget.Problem.fieldInRemove(.weight)) { try target(remove: "/{{.weight}}") }
        #expect(throws: GenericHTTPTarget.Problem.fieldInRemove(.address)) { try target(remove: "/{{.address}}", .id) }
    }
}
