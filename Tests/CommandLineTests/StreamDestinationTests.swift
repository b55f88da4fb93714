import Foundation
import Glibc
import TestSupport
import Testing

/// Destinations that are written and never replaced: pipes, character devices, what is open already.
@Suite struct StreamDestinationTests {
    /// `conf.d/NAME.toml` whose dest is `destination`.
    private func resource(
        _ box: Sandbox, _ name: String = "app", to destination: String, fields: String = "", template: String
    ) throws {
        try box.write(
            "confdir/conf.d/\(name).toml",
            """
            [template]
            src = "\(name).tmpl"
            dest = "\(destination)"
            keys = ["/app"]
            \(fields)

            """)
        try box.write("confdir/templates/\(name).tmpl", template)
    }

    /// A shell script in which `$0` is the binary under test, with the environment of a test.
    private func shell(_ box: Sandbox, _ script: String) async throws -> Finished {
        try FileManager.default.createDirectory(atPath: box.path("tmp"), withIntermediateDirectories: true)
        let environment = Machine.environment.merging(["TMPDIR": box.path("tmp"), "APP_NAME": "one"]) { $1 }
        return try await run(
            ChildCommand(
                executable: "/bin/sh", arguments: ["-c", script, Machine.confd], environment: environment,
                directory: box.root))
    }

    private static let once = "\"$0\" -onetime -backend env -confdir confdir"

    @Test("standard output that is a pipe", arguments: ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "LINK"])
    func pipe(_ destination: String) async throws {
        try await withSandbox { box in
            symlink("/dev/stdout", box.path("out/link"))
            try resource(
                box, to: destination == "LINK" ? box.path("out/link") : destination,
                fields: "mode = \"0600\"\nbackup = true\nreload_cmd = \"\(box.counting("reload"))\"",
                template: #"name {{getv "/app/name"}}"# + "\n")
            try resource(box, "more", to: "/dev/stdout", template: "more\n")
            let done = try await shell(box, "\(Self.once) | cat")
            #expect(
                done.standardOutput.split(separator: "\n").sorted() == ["more", "name one"], "\(done.testDescription)")
            #expect(box.runs(of: "reload") == 1, "\(done.testDescription)")
            #expect(done.standardError.contains("2 changed, 0 in sync, 0 failed"), "\(done.testDescription)")
            #expect(try box.names("out") == ["link"] && box.names("tmp") == [])
        }
    }

    /// A regular file by redirection is continued where the shell is, and keeps what others wrote.
    @Test func redirection() async throws {
        try await withSandbox { box in
            try resource(box, to: "/dev/stdout", template: "from confd\n")
            let done = try await shell(box, "{ echo before; \(Self.once); echo after; } >file")
            #expect(box.read("file") == "before\nfrom confd\nafter\n", "\(done.testDescription)")
            try resource(box, to: "/proc/self/fd/7", template: "seven\n")
            _ = try await shell(box, "\(Self.once) 7>seven")
            #expect(box.read("seven") == "seven\n")
        }
    }

    /// Attack: a descriptor that confd opened itself, such as its connection to the store.
    @Test func ownDescriptorsAreRefused() async throws {
        try await withSandbox { box in
            for number in [1, 3, 4, 5, 6, 7] {
                try resource(box, to: "/proc/self/fd/\(number)", template: "seven\n")
                let done = try await shell(box, "\(Self.once) 2>&1 >&-")
                #expect(done.standardOutput.contains("1 failed"), "\(number) \(done.testDescription)")
            }
        }
    }

    @Test func devicesAndPipesStayWhatTheyAre() async throws {
        try await withSandbox { box in
            let pipe = box.path("out/pipe")
            #expect(mkfifo(pipe, 0o640) == 0)
            try resource(box, to: pipe, fields: "mode = \"0600\"", template: #"name {{getv "/app/name"}}"#)
            let read = try await shell(
                box, "exec 3<>out/pipe; \(Self.once) 3<&-; code=$?; timeout 60 head -c 8 <&3 >got; exit $code")
            #expect(read.exitCode == 0 && box.read("got") == "name one", "\(read.testDescription)")
            #expect(try box.status("out/pipe").st_mode == S_IFIFO | 0o640 && box.names("out") == ["pipe"])
            let unread = try await shell(box, Self.once)
            #expect(unread.exitCode == 1, "\(unread.testDescription)")
            #expect(
                unread.standardError.contains("cannot write to \(pipe): nobody has it open for reading"),
                "\(unread.testDescription)")
            try resource(box, to: "/dev/null", template: "x")
            try resource(box, "second", to: "/dev/null", template: "x")
            let null = try await shell(box, Self.once)
            #expect(null.exitCode == 0 && null.standardError.contains("2 changed"), "\(null.testDescription)")
            #expect(try box.status("/dev/null").st_mode & S_IFMT == S_IFCHR)
            try resource(box, to: "/dev/full", template: "x")
            let full = try await shell(box, Self.once)
            #expect(
                full.exitCode == 1 && full.standardError.contains("cannot write to /dev/full: no space left on device"),
                "\(full.testDescription)")
        }
    }

    @Test(
        "a check sees a staged file",
        arguments: ["grep -q one {{.src}}", "grep -q one $CONFD_SRC", "grep -q {{.dest}} x"])
    func check(_ command: String) async throws {
        try await withSandbox { box in
            try box.write("x", "/dev/stdout\n")
            try resource(
                box, to: "/dev/stdout", fields: "check_cmd = '''\(command)'''",
                template: #"name {{getv "/app/name"}}"#)
            let accepted = try await shell(box, Self.once)
            #expect(accepted.exitCode == 0 && accepted.standardOutput == "name one", "\(accepted.testDescription)")
            try box.write("x", "\n")
            try box.write("confdir/templates/app.tmpl", "other")
            let refused = try await shell(box, Self.once)
            #expect(refused.exitCode == 1 && refused.standardOutput == "", "\(refused.testDescription)")
            #expect(refused.standardError.contains("Config check failed: exit status 1"), "\(refused.testDescription)")
            #expect(try box.names("tmp") == [])
        }
    }

    @Test func serversOfABalancerAreRefused() async throws {
        try await withSandbox { box in
            try resource(
                box, to: "/dev/stdout",
                fields: "[template.apply]\ndriver = \"haproxy\"\nsocket = \"/nowhere/s\"\nbackend = \"web\"",
                template: "")
            let done = try await shell(box, Self.once)
            #expect(done.exitCode == 1 && done.standardOutput == "", "\(done.testDescription)")
            #expect(
                done.standardError.contains("app.toml: [template.apply] needs a file, /dev/stdout is none"),
                "\(done.testDescription)")
        }
    }

    @Test func aCheckCannotEdit() async throws {
        try await withSandbox { box in
            try resource(
                box, to: "/dev/stdout", fields: #"check_cmd = "sed -i s/o/0/ {{.src}}""#, template: "one")
            let done = try await shell(box, Self.once)
            #expect(done.exitCode == 1 && done.standardOutput == "", "\(done.testDescription)")
            #expect(
                done.standardError.contains("was edited (dest /dev/stdout)\nhint: a check can edit"),
                "\(done.testDescription)")
        }
    }

    /// A stream has no content that could differ, so `-check` reports no change.
    @Test func isNoDrift() async throws {
        try await withSandbox { box in
            try resource(box, to: "/dev/stdout", template: "one\n")
            let check = try await shell(box, "\"$0\" -check -backend env -confdir confdir")
            #expect(check.exitCode == 0 && check.standardOutput == "", "\(check.testDescription)")
            try resource(box, to: "/dev/stdout", template: #"{{getv "/app/none"}}"#)
            let bad = try await shell(box, "\"$0\" -check -backend env -confdir confdir")
            #expect(bad.exitCode == 1, "\(bad.testDescription)")
        }
    }

    /// A daemon writes at its start, and when the output has changed.
    @Test func daemonWritesWhatChanges() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one, other: a}\n")
            try resource(
                box, to: "/dev/stdout", template: #"name {{getv "/app/name"}}{{$x := getv "/app/other"}}"# + "\n")
            try box.resource("other", template: #"{{getv "/app/other"}}"#)
            let daemon = try box.start("-watch", "-backend", "file", "-file", box.path("keys.yaml"))
            #expect(try await eventually { daemon.standardOutput == "name one\n" })
            try box.write("keys.yaml", "app: {name: one, other: b}\n")
            #expect(try await eventually { box.output("other") == "b" })
            try box.write("keys.yaml", "app: {name: two, other: b}\n")
            #expect(try await eventually { daemon.standardOutput == "name one\nname two\n" })
            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 0 && done.standardOutput == "name one\nname two\n", "\(done.testDescription)")
        }
    }

    /// A reader that takes nothing does not keep confd from ending.
    @Test func aStuckReaderHoldsNobody() async throws {
        try await withSandbox { box in
            let pipe = box.path("out/pipe")
            #expect(mkfifo(pipe, 0o600) == 0)
            let reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            defer { close(reader) }
            try resource(box, to: pipe, template: #"{{range seq 1 100000}}line {{.}}{{end}}"#)
            try box.resource("other", template: "x")
            let daemon = try box.start("-interval", "600", "-backend", "env", "-shutdown-timeout", "1")
            #expect(try await eventually { box.output("other") == "x" })
            daemon.send(SIGTERM)
            #expect(try await daemon.wait(seconds: 25).ending != .timedOut)
        }
    }

    /// Attack: a user leads confd to its own standard output.
    @Test(.enabled(if: Machine.isRoot)) func linksOfOthersAreRefused() async throws {
        try await withSandbox { box in
            symlink("/dev/stdout", box.path("out/link"))
            chown(box.out, 1000, 1000)
            lchown(box.path("out/link"), 1000, 1000)
            try resource(box, to: box.path("out/link"), template: "x")
            let done = try await shell(box, Self.once)
            #expect(done.exitCode == 1 && done.standardOutput == "", "\(done.testDescription)")
            #expect(done.standardError.contains("cannot follow the symbolic link"), "\(done.testDescription)")
        }
    }
}
