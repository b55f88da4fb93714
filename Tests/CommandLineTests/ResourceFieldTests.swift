import Foundation
import Testing

/// The fields of a resource that confd 0.17 does not have.
@Suite struct ResourceFieldTests {
    @Test func makeDirs() async throws {
        try await withSandbox { box in
            try box.write("confdir/templates/app.tmpl", "x")
            try box.write(
                "confdir/conf.d/app.toml",
                "[template]\nsrc = \"app.tmpl\"\ndest = \"\(box.root)/new/deep/app\"\nmake_dirs = true\n")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.read("new/deep/app") == "x")
            #expect(try box.mode("new/deep") == 0o755)
        }
    }

    @Test func backup() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "backup = true", template: #"{{getv "/app/name"}}"#)
            for value in ["one", "two", "three"] {
                let done = try await box.render(keys: ["/app/name": value])
                #expect(done.exitCode == 0, "\(done.testDescription)")
            }
            #expect(box.output("app") == "three")
            #expect(box.output("app.bak") == "two")
        }
    }

    @Test func rollback() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "rollback = true\nreload_cmd = \"\(box.counting("reload")); grep -q good {{.dest}}\"",
                template: #"{{getv "/app/name"}}"#)
            var done = try await box.render(keys: ["/app/name": "good"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            done = try await box.render(keys: ["/app/name": "bad"])
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(box.output("app") == "good", "the previous file is back")
            #expect(box.runs(of: "reload") >= 3, "and was reloaded")
        }
    }

    @Test func delimiters() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "left_delimiter = \"<%\"\nright_delimiter = \"%>\"",
                template: #"{{ kept }} <%getv "/app/name"%>"#)
            let done = try await box.render(keys: ["/app/name": "x"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "{{ kept }} x")
        }
    }

    @Test func severalResourcesInOneFile() async throws {
        try await withSandbox { box in
            try box.write("confdir/templates/app.tmpl", #"{{getv "/name"}}"#)
            try box.write(
                "confdir/conf.d/all.toml",
                ["a", "b"].map {
                    "[[template]]\nsrc = \"app.tmpl\"\ndest = \"\(box.out)/\($0)\"\nkeys = [\"/name\"]\nprefix = \"/\($0)\"\n"
                }.joined(separator: "\n"))
            let done = try await box.render(keys: ["/a/name": "first", "/b/name": "second"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("a") == "first")
            #expect(box.output("b") == "second")
        }
    }

    @Test func environmentInFields() async throws {
        try await withSandbox { box in
            try box.write("confdir/templates/app.tmpl", #"{{getv "/name"}}"#)
            try box.write(
                "confdir/conf.d/app.toml",
                """
                [template]
                src = "${TEMPLATE:-app}.tmpl"
                dest = "${WHERE:?set WHERE}/$${x}"
                keys = ["/${KEY}"]
                prefix = "/p"
                mode = "${MODE:-0600}"
                """)
            var done = try await box.render(
                keys: ["/p/name": "expanded"], environment: ["WHERE": box.out, "KEY": "name"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("${x}") == "expanded")
            #expect(try box.mode("out/${x}") == 0o600)

            done = try await box.render(environment: ["KEY": "name"])
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(done.standardError.contains("set WHERE") && done.standardError.contains("app.toml:3:"))
        }
    }

    @Test func absoluteSource() async throws {
        try await withSandbox { box in
            try box.write("elsewhere/app.tmpl", "from elsewhere")
            try box.write(
                "confdir/conf.d/app.toml",
                "[template]\nsrc = \"\(box.root)/elsewhere/app.tmpl\"\ndest = \"\(box.out)/app\"\n")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "from elsewhere")
        }
    }
}
