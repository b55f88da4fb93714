import Posix
import TestSupport
import Testing

@testable import Applying
@testable import Configuration
@testable import Staging

/// What becomes of one file: every outcome, with what is left on disk, what was run, and what is said.
@Suite struct ApplierTests {
    struct Row: CustomTestStringConvertible {
        let name: String
        /// The file before; the new content is "new".
        var before: String? = "old"
        var flags = ["-watch"]
        var fields = ""
        var template = #"{{getv "/app/name"}}"#
        /// How commands end.
        var end = CommandResult.End.exited(code: 0)
        let state: Outcome.State
        var after: String? = "new"
        /// The first words of the commands that run.
        var commands: [String] = []
        /// Whether a reload is due, and its mark on disk.
        var owes = false
        var says: [String] = []

        var testDescription: String { name }

        /// What is left beside the file: what was replaced, until the reload has run.
        var names: [String] {
            (owes && before != nil ? [".app.confd-replaced"] : []) + (after == nil ? [] : ["app"])
                + (fields.contains("backup") ? ["app.bak"] : [])
        }
    }

    private static let check = "check_cmd = \"check {{.src}}\"\n"
    private static let inPlace = "check_cmd = \"judge\"\n"
    private static let reload = "reload_cmd = \"reload {{.dest}}\"\n"
    private static let shellIsMissing = SystemError(call: "posix_spawn", path: "/bin/sh", code: Errno.noSuchFile)

    static let rows: [Row] = [
        Row(
            name: "no file", before: nil, state: .updated,
            says: ["INFO Target config DEST out of sync", "INFO Target config DEST has been updated"]),
        Row(name: "other content", state: .updated, says: ["INFO DEST has md5sum"]),
        Row(name: "other content, with a reload", fields: reload, state: .updated, owes: true),
        Row(name: "the same content", before: "new", fields: reload, state: .inSync),
        Row(
            name: "another mode alone", before: "new", fields: "mode = \"0600\"\n" + reload, state: .updated,
            says: ["INFO DEST has mode -rw-r--r-- should be -rw-------"]),
        Row(name: "a backup", fields: "backup = true", state: .updated),

        Row(name: "a check accepts", fields: check + reload, state: .updated, commands: ["check"], owes: true),
        Row(
            name: "a check refuses", fields: check + reload, end: .exited(code: 3), state: .rejected, after: "old",
            commands: ["check"],
            says: ["ERROR app.toml: Config check failed: exit status 3 (dest DEST, check_cmd \"check "]),
        Row(
            name: "a check refuses a first file", before: nil, fields: check, end: .exited(code: 1), state: .rejected,
            after: nil, commands: ["check"]),
        Row(
            name: "a check takes too long", fields: check, end: .timedOut(after: .seconds(30)), state: .failed,
            after: "old", commands: ["check"], says: ["Config check failed: timed out after 30s"]),
        Row(
            name: "a check is killed", fields: check, end: .signalled(.kill), state: .failed, after: "old",
            commands: ["check"], says: ["Config check failed: signal: killed"]),
        Row(
            name: "a check that cannot be started", fields: check, end: .notStarted(shellIsMissing), state: .failed,
            after: "old", commands: ["check"],
            says: ["cannot start /bin/sh: no such file or directory", "hint: there is no shell here"]),

        Row(
            name: "a check in place accepts", fields: inPlace + reload, state: .updated, commands: ["judge"], owes: true
        ),
        Row(
            name: "a check in place refuses", fields: inPlace + reload, end: .exited(code: 1), state: .rejected,
            after: "old", commands: ["judge"], says: ["Config check failed: exit status 1"]),
        Row(
            name: "a check in place refuses a first file", before: nil, fields: inPlace + reload,
            end: .exited(code: 1), state: .rejected, after: nil, commands: ["judge"]),
        Row(
            name: "a check in place takes too long", fields: inPlace, end: .timedOut(after: .seconds(30)),
            state: .failed, after: "old", commands: ["judge"]),

        Row(
            name: "a template that fails", template: #"{{getv "/app/none"}}"#, state: .failed, after: "old",
            says: ["app.tmpl:1:3: ", "key does not exist: /app/none (dest DEST)"]),
        Row(
            name: "another format", fields: "output_format = \"json\"\n" + check, state: .rejected, after: "old",
            says: ["app.toml: DEST:1:2: output_format: not JSON: "]),
        Row(
            name: "a guard", fields: check + "[template.guard]\nmin_keys = 2", state: .held, after: "old"),
        Row(
            name: "a guard, with the same content", before: "new", fields: "[template.guard]\nmin_keys = 2",
            state: .inSync),

        Row(
            name: "-noop", flags: ["-onetime", "-noop"], fields: check + reload, state: .wouldChange, after: "old",
            says: ["WARNING Noop mode enabled. DEST will not be modified"]),
        Row(
            name: "-noop, no file", before: nil, flags: ["-onetime", "-noop"], fields: inPlace, state: .wouldChange,
            after: nil),
        Row(name: "-noop, the same content", before: "new", flags: ["-onetime", "-noop"], state: .inSync),
        Row(
            name: "-noop, a guard", flags: ["-onetime", "-noop"], fields: "[template.guard]\nmin_keys = 2",
            state: .wouldChange, after: "old", says: ["WARNING app.toml: held by guard: there would be 1 key"]),
        Row(
            name: "-sync-only", flags: ["-onetime", "-sync-only"], fields: check + reload, state: .updated,
            says: ["INFO app.toml: -sync-only: not run: check_cmd, reload_cmd"]),
        Row(name: "-sync-only in place", flags: ["-onetime", "-sync-only"], fields: inPlace + reload, state: .updated),
    ]

    @Test(arguments: rows) func outcome(_ row: Row) throws {
        let rig = try ApplierRig(row.flags)
        try rig.resource("app", fields: row.fields, template: row.template)
        if let before = row.before { try rig.write("app", before) }
        rig.commands.answer { _ in row.end }
        let outcome = rig.apply(try rig.definition())
        #expect(outcome.state == row.state, "\(rig.log.entries)")
        #expect(rig.output("app") == row.after)
        #expect(rig.commands.texts.map { $0.prefix { $0 != " " } } == row.commands.map { $0[...] })
        #expect((outcome.reload != nil) == row.owes)
        if row.after != nil { #expect(try rig.isMarked() == row.owes) }
        for text in row.says {
            let wanted = text.replacing("DEST", with: rig.path("app"))
            #expect(rig.log.count(wanted) == 1, "\(wanted)\n\(rig.log.entries)")
        }
        #expect(rig.outputNames == row.names, "nothing else is left")
        // Only a pass that failed logs an error.
        #expect((rig.log.count("ERROR ") > 0) == (row.state == .failed || row.state == .rejected))
    }

    // MARK: - What was refused

    /// Report: refused content was checked again with each event.
    @Test(arguments: [check, inPlace]) func refusedContentIsAskedAboutOnce(_ fields: String) throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", fields: fields)
        try rig.write("app", "old")
        rig.commands.answer { _ in .exited(code: 1) }
        let resource = try rig.definition()
        #expect(rig.apply(resource).state == .rejected)
        #expect(rig.apply(resource).state == .refusedBefore)
        #expect(rig.commands.executed.count == 1)
        #expect(rig.apply(resource, "new", ApplierRig.Pass(mayCheckAgain: true)).state == .rejected)
        #expect(rig.commands.executed.count == 2)
        #expect(rig.apply(resource, "other").state == .rejected)
        #expect(rig.commands.executed.count == 3)
        rig.commands.answer { _ in .exited(code: 0) }
        #expect(rig.apply(resource, "other").state == .refusedBefore, "until it is time, or it changes")
        #expect(rig.apply(resource, "another").state == .updated)
        #expect(rig.output("app") == "another")
    }

    /// A check that confd ended says nothing about the content: it is run again for the same content.
    @Test func aCheckThatWasEndedIsRunAgain() throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", fields: Self.check)
        let resource = try rig.definition()
        rig.commands.answer { _ in .cancelled }
        #expect(rig.apply(resource).state == .failed)
        rig.commands.answer { _ in .exited(code: 0) }
        #expect(rig.apply(resource).state == .updated)
    }

    @Test func aFailureIsAnErrorOnceUntilItChanges() throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", template: #"{{getv "/app/none"}}{{getv "/app/name"}}"#)
        let resource = try rig.definition()
        for value in ["one", "one", "two", "two"] { #expect(rig.apply(resource, value).state == .failed) }
        #expect(rig.log.count("ERROR app.toml: ") == 2, "one for each change: \(rig.log.entries)")
    }

    // MARK: - Reloads

    @Test(arguments: [
        CommandResult.End.exited(code: 4), .timedOut(after: .seconds(30)), .signalled(.terminate),
        .notStarted(shellIsMissing),
    ])
    func aReloadThatFailsStaysOwed(_ end: CommandResult.End) throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", fields: Self.reload)
        let resource = try rig.definition()
        rig.commands.answer { _ in end }
        #expect(rig.reload(after: rig.apply(resource)) == .owed)
        #expect(
            rig.log.count(
                "reload_cmd failed: \(end.message("/bin/sh")); it stays owed, and the new file is in place (dest ") == 1
        )
        #expect(rig.log.count("has been updated") == 0, "\(rig.log.entries)")
        // The next run finds the mark on disk.
        try rig.restart(["-watch"])
        rig.commands.answer { _ in .exited(code: 0) }
        let outcome = rig.apply(resource)
        #expect(outcome.state == .inSync && rig.log.count("is still owed") == 1)
        #expect(rig.reload(after: outcome) == .done)
        #expect(try !rig.isMarked())
        #expect(rig.apply(resource).reload == nil)
    }

    @Test func aReloadThatWasNotWantedIsNotOwed() throws {
        let rig = try ApplierRig(["-onetime", "-sync-only"])
        try rig.resource("app", fields: Self.reload)
        #expect(rig.apply(try rig.definition()).reload == nil)
        try rig.restart()
        #expect(rig.apply(try rig.definition()).reload == nil)
    }

    @Test func commandsAreToldAboutTheirFile() throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", fields: Self.check + Self.reload)
        try rig.write("app", "old")
        _ = rig.reload(after: rig.apply(try rig.definition()))
        let runs = rig.commands.executed
        try #require(runs.count == 2)
        let staged = try #require(runs[0].environment["CONFD_SRC"])
        #expect(staged.hasPrefix(rig.path(".app.confd-")))
        #expect(runs[0].invocation.text == "check \(staged)" && runs[1].invocation.text == "reload \(rig.path("app"))")
        for run in runs {
            #expect(run.environment["CONFD_DEST"] == rig.path("app"))
            #expect(run.environment["CONFD_RESOURCE"] == "app.toml" && run.environment["CONFD_REVISION"] == "1")
            #expect(run.environment["CONFD_CHANGES"] != nil && run.timeout != nil)
        }
        #expect(runs[1].environment["CONFD_PREVIOUS"]?.isEmpty == false, "the file that was replaced")
        #expect(rig.outputNames == ["app"], "which goes with the mark")
    }

    // MARK: - Rollback

    /// A daemon gives up after three failures, `-onetime` after the first.
    @Test(arguments: [(["-watch"], 3), (["-onetime"], 1)])
    func whatTheServiceDoesNotTakeGoesBack(_ flags: [String], _ failures: Int) throws {
        let rig = try ApplierRig(flags)
        try rig.resource("app", fields: Self.reload + "rollback = true")
        try rig.write("app", "old")
        let resource = try rig.definition()
        let file = rig.path("app")
        rig.commands.answer { _ in .exited(code: (try? Files.read(file)) == Array("old".utf8) ? 0 : 1) }
        var outcome = rig.apply(resource)
        for _ in 1..<failures {
            #expect(rig.reload(after: outcome) == .owed && rig.output("app") == "new")
            outcome = rig.apply(resource)
            #expect(outcome.state == .inSync)
        }
        #expect(rig.reload(after: outcome) == .rolledBack, "\(rig.log.entries)")
        #expect(try rig.output("app") == "old" && !rig.isMarked())
        #expect(rig.commands.executed.count == failures + 1)
        #expect(rig.log.count("putting the previous \(file) back") == 1)
        let again = ApplierRig.Pass(mayCheckAgain: true)
        #expect(rig.apply(resource, "new", again).state == .refusedBefore, "not a matter of time")
        #expect(rig.apply(resource, "newer").state == .updated)
    }

    @Test func aPreviousFileThatIsNotTakenEitherIsOwed() throws {
        let rig = try ApplierRig(["-onetime"])
        try rig.resource("app", fields: Self.reload + "rollback = true")
        try rig.write("app", "old")
        rig.commands.answer { _ in .exited(code: 1) }
        #expect(rig.reload(after: rig.apply(try rig.definition())) == .owed)
        #expect(rig.log.count("reload_cmd failed on the previous file too: exit status 1") == 1)
        #expect(try rig.output("app") == "old" && rig.isMarked())
    }

    /// Found by reading: a command that was never started, or that confd ended, says nothing against the new file.
    @Test(arguments: [
        (CommandResult.End.notStarted(shellIsMissing), false), (.cancelled, false), (.exited(code: 127), true),
        (.timedOut(after: .seconds(30)), true), (.signalled(.terminate), true),
    ])
    func onlyAReloadThatRanIsAReasonToGoBack(_ end: CommandResult.End, _ isReason: Bool) throws {
        let rig = try ApplierRig(["-onetime"])
        try rig.resource("app", fields: Self.reload + "rollback = true")
        try rig.write("app", "old")
        let file = rig.path("app")
        rig.commands.answer { _ in (try? Files.read(file)) == Array("old".utf8) ? .exited(code: 0) : end }
        let resource = try rig.definition()
        #expect(rig.reload(after: rig.apply(resource)) == (isReason ? .rolledBack : .owed), "\(rig.log.entries)")
        #expect(rig.output("app") == (isReason ? "old" : "new"))
        #expect(try rig.isMarked() == !isReason)
    }

    @Test func aChildThatDoesNotRunWasNotAsked() {
        #expect(!ReloadError.child("there is no command that runs").wasAsked)
    }

    // MARK: - Attributes

    /// Found by reading: a mode or owner that could once not be set was never corrected again.
    @Test func whatCouldNotBeSetIsForgottenOnceItIsRight() throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", fields: "mode = \"0600\"")
        try rig.write("app", "new", mode: 0o600)
        let resource = try rig.definition()
        let destination = try Destination(resolving: rig.path("app"))
        let content = Array("new".utf8)
        let differs = Comparison.attributesDiffer([.mode(is: 0o644, wanted: 0o600)])
        var history = History()
        history.refusedAttributes = differs.attributeDifferences
        #expect(history.withoutKnown(differs, destination, content) == .same)
        #expect(history.withoutKnown(.same, destination, content) == .same)
        #expect(history.withoutKnown(differs, destination, content) == differs, "somebody had corrected it")
        history.refusedAttributes = differs.attributeDifferences
        history.noteWritten(content, resource, destination, isAsWanted: true)
        #expect(history.withoutKnown(differs, destination, content) == differs, "it was written as it should be")
    }

    // MARK: - Guards

    @Test func whatAGuardHeldIsAppliedOnceItIsBelieved() throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", fields: Self.reload + "[template.guard]\nmin_keys = 2")
        try rig.write("app", "old")
        let resource = try rig.definition()
        let held = rig.apply(resource)
        #expect(held.state == .held && held.reload == nil && held.guardReport?.violations.count == 1)
        let believed = GuardBasis(applied: nil, isBelieved: true, isKept: true)
        #expect(rig.apply(resource, "new", ApplierRig.Pass(guardBasis: believed)).state == .updated)
        #expect(rig.output("app") == "new")
    }

    @Test func aDropNeedsSomethingThatIsKept() throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", fields: "[template.guard]\nmax_drop = \"50%\"")
        let unkept = GuardBasis(applied: nil, isBelieved: false, isKept: false)
        #expect(rig.apply(try rig.definition(), "new", ApplierRig.Pass(guardBasis: unkept)).state == .failed)
        #expect(rig.log.count("guard: max_drop needs -state-dir, or it is blind after a restart") == 1)
        #expect(rig.output("app") == nil)
    }

    // MARK: - Checks that edit

    /// Puts another file in the place of `path`, as `sed -i` does.
    private static func exchange(_ path: String) {
        do throws(SystemError) {
            try Files.write(Array("edited".utf8), to: path + ".sed")
            try Folder(Files.split(path).folder).rename(Files.split(path).name + ".sed", to: Files.split(path).name)
        } catch {
            Issue.record("\(error)")
        }
    }

    /// Found by reading: a first file that the check in place had edited by a rename stayed although it was refused.
    @Test(arguments: [(UInt16(0o755), true), (0o777, false)])
    func aRefusedFirstFileGoesAlsoIfItWasEdited(_ mode: UInt16, _ isRemoved: Bool) throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", fields: Self.inPlace)
        try Files.setMode(rig.directory("out"), mode)
        let path = rig.path("app")
        rig.commands.answer { _ in
            Self.exchange(path)
            return .exited(code: 1)
        }
        #expect(rig.apply(try rig.definition()).state == .rejected)
        #expect(rig.outputNames == (isRemoved ? [] : ["app"]), "in a directory of all it may be anybody's")
        let warnings = rig.log.count("WARNING \(path) was replaced by another file during its check: that one stays")
        #expect(warnings == (isRemoved ? 0 : 1), "\(rig.log.entries)")
    }

    /// Found by reading: for a staged file that its check had made longer, the error was that it could "not be staged".
    @Test(arguments: ["new and more", "old", ""])
    func aStagedFileOfAStreamIsNotToBeEdited(_ text: String) throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", dest: "/dev/null", fields: Self.check)
        rig.commands.answer { command in
            let path = String(command.invocation.text.split(separator: " ").last ?? "")
            return (try? Files.write(Array(text.utf8), to: path)) == nil ? .exited(code: 1) : .exited(code: 0)
        }
        #expect(rig.apply(try rig.definition()).state == .failed)
        #expect(rig.log.count("ERROR app.toml: its staged file ") == 1 && rig.log.count("was edited") == 1)
        #expect(rig.log.count("hint: a check can edit the staged file only where dest is a regular file") == 1)
    }

    // MARK: - Places

    /// Obstacles at `dest`, or on the way there, that appear only after the resource was read.
    @Test(arguments: [
        ("out/app", "is a directory, not a file"), ("out/none/app", "cannot create a file beside"),
        ("out/loop", "is a loop of symbolic links"),
    ])
    func aPlaceThatCannotBeWritten(_ dest: String, _ says: String) throws {
        let rig = try ApplierRig(["-watch"])
        let path = rig.directory(dest)
        try rig.resource("app", dest: path)
        let resource = try rig.definition()
        if dest == "out/app" { try Files.makeFolder(path) }
        if dest == "out/loop" { try Files.makeLink(path, to: "loop") }
        #expect(rig.apply(resource).state == .failed)
        #expect(rig.log.count(says) == 1 && rig.log.count("ERROR app.toml: ") == 1, "\(rig.log.entries)")
    }

    @Test func missingDirectoriesAreMadeIfThatIsWanted() throws {
        let rig = try ApplierRig(["-onetime", "-noop"])
        try rig.resource("app", dest: rig.path("a/b/app"), fields: "make_dirs = true")
        let resource = try rig.definition()
        #expect(rig.apply(resource).state == .wouldChange)
        #expect(rig.outputNames.isEmpty, "-noop makes none")
        try rig.restart(["-watch"])
        #expect(rig.apply(resource).state == .updated)
        #expect(rig.output("a/b/app") == "new")
    }

    /// Two paths, one file: the link was put there after the resources were read.
    @Test func aFileHasOneOwner() throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("a")
        try rig.resource("b", dest: rig.path("link/a"))
        let (a, b) = (try rig.definition("a"), try rig.definition("b"))
        try Files.makeLink(rig.path("link"), to: ".")
        #expect(rig.apply(a).state == .updated)
        #expect(rig.apply(b).state == .failed)
        #expect(rig.log.count("b.toml: dest \(rig.path("link/a")) is already written by a.toml") == 1)
        #expect(rig.log.count("hint: both are the file \(rig.path("a"))") == 1, "\(rig.log.entries)")
    }

    /// The link stays, and the file that it leads to is replaced.
    @Test func aLinkIsFollowed() throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", fields: Self.reload)
        try rig.write("real", "old")
        try Files.makeLink(rig.path("app"), to: "real")
        let resource = try rig.definition()
        #expect(rig.reload(after: rig.apply(resource)) == .done)
        #expect(rig.output("real") == "new")
        #expect(try Files.linkStatus(rig.path("app")).kind == .symbolicLink)
        #expect(rig.apply(resource).state == .inSync && rig.outputNames == ["app", "real"])
    }

    /// A stream holds nothing to compare with: it is written when the content changes.
    @Test func aStreamIsWrittenOnceForEachContent() throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app", dest: "/dev/null", fields: Self.check + Self.reload)
        let resource = try rig.definition()
        #expect(rig.reload(after: rig.apply(resource)) == .done)
        #expect(rig.apply(resource).state == .inSync)
        rig.commands.answer { _ in .exited(code: 1) }
        #expect(rig.apply(resource, "other").state == .rejected)
        #expect(rig.commands.executed.count == 3)
    }
}
