import Foundation
import TestSupport
import Testing

/// Values that the program age has encrypted.
@Suite(.enabled(if: Machine.hasAge, "age is not installed"))
struct AgeTests {
    /// Makes an identity in the file `name`, and returns its recipient.
    private func identity(_ box: Sandbox, _ name: String) async throws -> String {
        let made = try await run("age-keygen", "-o", box.path(name))
        #expect(made.exitCode == 0, "\(made.testDescription)")
        let recipient = try await run("age-keygen", "-y", box.path(name)).standardOutput
        return String(recipient.split(separator: "\n").first ?? "")
    }

    /// `text` as the text form of an age file.
    private func encrypted(_ text: String, for recipient: String) async throws -> String {
        let done = try await run("age", "-a", "-r", recipient, input: Array(text.utf8))
        #expect(done.exitCode == 0, "\(done.testDescription)")
        return done.standardOutput
    }

    /// A file of YAML with the text in a block.
    private func keys(_ values: [String: String]) -> String {
        "secrets:\n"
            + values.map { key, value in
                "  \(key): |\n" + value.split(separator: "\n").map { "    \($0)\n" }.joined()
            }.joined()
    }

    @Test func decryptsAndHidesWhatItDecrypted() async throws {
        try await withSandbox { box in
            let recipient = try await identity(box, "age.key")
            let key = String(repeating: "a long line of a key\n", count: 5_000)
            try box.write(
                "keys.yaml",
                keys([
                    "db": try await encrypted("s3cret-db", for: recipient),
                    "key": try await encrypted(key, for: recipient),
                ]))
            try box.resource(
                "app", keys: ["/secrets"],
                template: "old {{cgetv \"/secrets/db\"}}\n{{range cgets \"/secrets/*\"}}{{.Value}}\n{{end}}")
            let arguments = ["-onetime", "-backend", "file", "-file", "keys.yaml", "-log-level", "debug"]
            let without = try await run(box.command(arguments))
            #expect(without.exitCode == 1 && box.output("app") == nil, "\(without.testDescription)")
            #expect(without.standardError.contains("/secrets/db: there is no identity to decrypt it with"))
            let with = arguments + ["-age-identity", box.path("age.key")]
            let check = try await run(box.command(with + ["-noop", "-diff"]))
            #expect(check.exitCode == 0 && check.standardOutput.contains("+old ********\n"), "\(check.testDescription)")
            let done = try await run(box.command(with))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "old s3cret-db\ns3cret-db\n\(key)\n")
            let keysAndIdentity = ["-file", "keys.yaml", "-age-identity", box.path("age.key")]
            let line = try await run(box.command(["explain", "\(box.out)/app:1"] + keysAndIdentity))
            #expect(line.exitCode == 0 && line.standardOutput.contains("***"), "\(line.testDescription)")
            for finished in [without, check, done, line] {
                let output = finished.standardOutput + finished.standardError
                #expect(!output.contains("s3cret-db") && !output.contains("long line"), "\(finished.testDescription)")
                #expect(!output.contains("AGE-SECRET-KEY"))
            }
        }
    }

    /// A value that an earlier run has decrypted is hidden in diffs also when the template no longer decrypts it, and when its
    /// item is gone.
    @Test func hidesWhatWasDecryptedBefore() async throws {
        try await withSandbox { box in
            let recipient = try await identity(box, "age.key")
            try box.write("keys.yaml", keys(["db": try await encrypted("s3cret-db", for: recipient)]))
            try box.resource("app", keys: ["/secrets"], template: "db {{decrypt \"/secrets/db\"}}\nlast\n")
            try box.write("confdir/templates/item.tmpl", "{{decrypt .key}}\n")
            try box.write(
                "confdir/conf.d/item.toml",
                """
                [template]
                src = "item.tmpl"
                for_each = "/secrets/*"
                dest = "\(box.out)/{{.name}}.item"
                keys = ["/secrets"]
                prune = true
                max_remove = 0

                """)
            let arguments = ["-backend", "file", "-file", "keys.yaml", "-state-dir", box.path("state")]
            let with = arguments + ["-age-identity", box.path("age.key")]
            let first = try await run(box.command(["-onetime"] + with))
            #expect(first.exitCode == 0 && box.output("db.item") == "s3cret-db\n", "\(first.testDescription)")
            try box.write("keys.yaml", keys(["note": try await encrypted("n0te", for: recipient)]))
            try box.resource("app", keys: ["/secrets"], template: "none\nlast\n")
            let check = try await run(box.command(["-check"] + with))
            #expect(check.exitCode == 3, "\(check.testDescription)")
            for line in ["-********\n+none\n last\n", "+++ /dev/null\n@@ -1 +0,0 @@\n-********\n", "+********\n"] {
                #expect(check.standardOutput.contains(line), "\(line) in \(check.testDescription)")
            }
            #expect(!check.standardOutput.contains("s3cret") && !check.standardOutput.contains("n0te"))
        }
    }

    @Test func explainsWithoutShowing() async throws {
        try await withSandbox { box in
            let recipient = try await identity(box, "age.key")
            try box.write("keys.yaml", keys(["db": try await encrypted("s3cret-db", for: recipient)]))
            try box.resource(
                "app", keys: ["/secrets"], template: "password {{decrypt \"/secrets/db\" | toUpper}};\n")
            let fixed = ["-file", "keys.yaml", "-age-identity", box.path("age.key")]
            for flags in [[], ["-values"], ["-json", "-values"]] {
                let done = try await run(box.command(["explain", "\(box.out)/app:1"] + fixed + flags))
                #expect(done.exitCode == 0 && done.standardOutput.contains("password ***;"), "\(done.testDescription)")
                #expect(done.standardOutput.contains("/secrets/db"), "\(done.testDescription)")
                #expect(!done.standardOutput.uppercased().contains("S3CRET"), "\(done.testDescription)")
            }
        }
    }

    @Test func whatIsWrongIsNamedWithTheKey() async throws {
        try await withSandbox { box in
            _ = try await identity(box, "age.key")
            let other = try await identity(box, "other.key")
            try box.write("broken.key", "AGE-SECRET-KEY-1NOTAKEY\n")
            try box.write(
                "keys.yaml", keys(["db": try await encrypted("s3cret-db", for: other), "plain": "s3cret-db"]))
            let cases = [
                ("db", "age.key", "the value is encrypted for other identities"),
                ("plain", "age.key", "the value is not encrypted with age"),
                ("db", "broken.key", "line 1 is no identity of age"), ("db", "none.key", "no such file or directory"),
            ]
            for (key, identity, message) in cases {
                try box.resource("app", keys: ["/secrets"], template: "{{decrypt \"/secrets/\(key)\"}}")
                let done = try await run(
                    box.command([
                        "-onetime", "-backend", "file", "-file", "keys.yaml", "-age-identity", box.path(identity),
                    ]))
                #expect(done.exitCode == 1, "\(done.testDescription)")
                #expect(done.standardError.contains("/secrets/\(key): "), "\(done.testDescription)")
                #expect(done.standardError.contains(message), "\(done.testDescription)")
                #expect(!done.standardError.contains("s3cret-db") && !done.standardError.contains("NOTAKEY"))
            }
        }
    }
}
