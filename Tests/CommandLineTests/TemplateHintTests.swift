import Testing

/// What a user sees of errors and oddities of templates.
@Suite struct TemplateHintTests {
    /// Attack: Go's words for an iteration over text show the text, which may be a password.
    @Test func valuesAreNotLogged() async throws {
        try await withSandbox { box in
            try box.resource("range", template: #"{{range getv "/app/password"}}{{end}}"#)
            try box.resource("json", template: #"{{json (getv "/app/big")}}"#)
            try box.resource("number", template: #"{{atoi (getv "/app/password")}}"#)
            let done = try await box.render(keys: ["/app/password": "hunter2", "/app/big": #"{"secret":4e44444}"#])
            #expect(done.exitCode == 1)
            #expect(!done.standardError.contains("hunter2"), "\(done.testDescription)")
            #expect(!done.standardError.contains("4e44444"), "\(done.testDescription)")
            #expect(done.standardError.contains("range can't iterate over …"))
            #expect(done.standardError.contains(#"hint: it is the value of "/app/password""#))
        }
    }

    @Test func aKeyThatIsNotBelowTheKeys() async throws {
        try await withSandbox { box in
            try box.resource("a", keys: ["/app"], template: #"{{getv "/database/user/name"}}"#)
            let done = try await box.render(keys: ["/app/x": "1", "/database/user/name": "2"])
            #expect(done.standardError.contains(#"hint: it is not below keys = ["/app"]"#), "\(done.testDescription)")
        }
    }

    /// Report: `<no value>` in a file went unnoticed.
    @Test func noValueIsAWarning() async throws {
        try await withSandbox { box in
            try box.resource("a", template: #"{{$m := json (getv "/app/x")}}\#n{{$m.none}}"#)
            let done = try await box.render(keys: ["/app/x": "{}"])
            #expect(done.exitCode == 0)
            #expect(done.standardError.contains(":2:5: <no value> is written here, there is nothing: \"$m.none\""))
            let strict = try await box.render("-strict", keys: ["/app/x": "{\"a\": 1}"])
            #expect(strict.exitCode == 1)
            #expect(strict.standardError.contains(":2:5: <no value>"), "\(strict.testDescription)")
        }
    }
}
