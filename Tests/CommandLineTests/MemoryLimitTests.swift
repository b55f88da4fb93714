import Testing

/// Report: 14 MB of keys under `ulimit -v` of 200 MB ended the program with an abort.
@Suite struct MemoryLimitTests {
    @Test("Little address space is enough for a small multiple of the keys", arguments: [200, 300])
    func aFileOfKeys(_ megabytes: Int) async throws {
        try await withSandbox { box in
            let value = String(repeating: "v", count: 1_000_000)
            let members = (0..<14).map { "\"k\($0)\": \"\(value)\"" }
            try box.write("keys.json", "{\"s\": {" + members.joined(separator: ", ") + "}}")
            try box.resource("a", keys: ["/s"], template: #"{{range gets "/s/*"}}{{.Value}}\#n{{end}}"#)
            let done = try await run(
                box.command(["-onetime", "-backend", "file", "-file", box.path("keys.json")])
                    .limited(toMegabytes: megabytes),
                seconds: 120)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("a")?.utf8.count == 14_000_014)
        }
    }

    @Test("What is too much for the limit is a named error")
    func aTextThatIsTooLong() async throws {
        try await withSandbox { box in
            try box.resource("a", template: #"{{len (repeat 100000000 "x")}}"#)
            let done = try await run(
                box.command(["-onetime", "-backend", "env"]).limited(toMegabytes: 300), seconds: 120)
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(
                done.standardError.contains("error calling repeat: the text would be longer than 78643200 bytes"),
                "\(done.testDescription)")
        }
    }
}

extension ChildCommand {
    /// The same with so much address space.
    func limited(toMegabytes megabytes: Int) -> ChildCommand {
        var limited = self
        limited.executable = "/bin/sh"
        limited.arguments =
            ["-c", "ulimit -v \(megabytes * 1024); exec \"$0\" \"$@\"", executable] + arguments
        return limited
    }
}
