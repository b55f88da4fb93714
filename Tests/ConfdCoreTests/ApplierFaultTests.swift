#if DEBUG
    import Glibc
    import Posix
    import TestSupport
    import Testing

    @testable import Applying
    @testable import Configuration
    @testable import Staging

    /// A failing call, a kill, and another process that interferes: each at every system call between rendering a file and
    /// installing it.
    @Suite struct ApplierFaultTests {
        /// One way to install a file: the fields of its resource, and the names in its directory afterwards.
        struct Way: CustomTestStringConvertible {
            let testDescription: String
            let fields: String
            var names = ["app"]
        }

        private static let reload = "reload_cmd = \"reload\"\n"
        static let ways = [
            Way(testDescription: "staged", fields: reload + "check_cmd = \"check {{.src}}\""),
            Way(testDescription: "in place", fields: reload + "check_cmd = \"judge\""),
            Way(testDescription: "with a backup", fields: reload + "backup = true", names: ["app", "app.bak"]),
        ]

        /// Puts the old file back, and restarts the applier, which then remembers nothing of it.
        private func reset(_ rig: ApplierRig) throws {
            for name in rig.outputNames { try Files.unlink(rig.path(name)) }
            try rig.write("app", "old")
            try rig.restart(["-watch"])
        }

        private func rig(_ way: Way) throws -> (ApplierRig, Resource) {
            let rig = try ApplierRig(["-watch"])
            try rig.resource("app", fields: way.fields)
            return (rig, try rig.definition())
        }

        /// The number of system calls that bring the file in step.
        private func calls(_ rig: ApplierRig, _ resource: Resource) throws -> Int {
            func reaches(_ call: Int) throws -> Bool {
                try reset(rig)
                return Faults.intruding(at: call) {
                } body: {
                    _ = rig.apply(resource)
                }
            }
            var (reached, beyond) = (0, 1)
            while try reaches(beyond) { (reached, beyond) = (beyond, beyond * 2) }
            while beyond - reached > 1 {
                let middle = (reached + beyond) / 2
                if try reaches(middle) { reached = middle } else { beyond = middle }
            }
            return reached
        }

        /// Whatever fails: the file is the old or the new one; what failed is said; the next attempt brings it in step, with
        /// its reload, and leaves nothing behind.
        @Test(arguments: [
            (ways[0], Errno.noSpace), (ways[0], Errno.readOnly), (ways[0], Errno.accessDenied), (ways[0], Errno.busy),
            (ways[1], Errno.noSpace), (ways[1], Errno.accessDenied), (ways[2], Errno.noSpace),
        ])
        func eachCallFails(_ way: Way, _ code: Int32) throws {
            let (rig, resource) = try rig(way)
            let calls = try calls(rig, resource)
            #expect(calls > 50)
            for call in 1...calls {
                try reset(rig)
                let before = rig.log.count("ERROR ")
                var outcome = Faults.with(Faults.Fault("*", nth: call, code: code)) { rig.apply(resource) }
                let errors = rig.log.count("ERROR ") - before
                let (text, owes) = (rig.output("app"), outcome.reload != nil)
                #expect(text == "old" || text == "new", "call \(call)")
                if outcome.isFailure {
                    #expect(errors == 1, "call \(call): \(rig.log.entries.suffix(3))")
                    if text == "new" { #expect(try rig.isMarked(), "call \(call): a reload is lost") }
                    outcome = rig.apply(resource, "new", ApplierRig.Pass(mayCheckAgain: true))
                } else {
                    #expect(text == "new" && owes, "call \(call)")
                }
                let state = outcome.state
                #expect(rig.output("app") == "new" && !state.isFailure, "call \(call): \(rig.log.entries.suffix(3))")
                let reloaded = rig.reload(after: outcome)
                #expect(reloaded == .done, "call \(call)")
                #expect(try !rig.isMarked(), "call \(call)")
                // The next start removes what could not be removed.
                if rig.outputNames != way.names { try start(rig, resource) }
                #expect(rig.outputNames == way.names, "call \(call)")
                // If the end of a check in place could not be noted, which is an error in the log, the file counts as refused
                // after a restart, and is installed again with its reload.
                let isOwed = rig.apply(resource).reload != nil
                #expect(!isOwed || errors > 0 && !state.isFailure, "call \(call)")
            }
        }

        /// What a start of confd does before it has keys.
        private func start(_ rig: ApplierRig, _ resource: Resource) throws {
            try rig.restart(["-watch"])
            rig.prepare(resource)
        }

        /// A kill at any time: the file is the old or the new one, and the next start brings it in step, with its reload.
        @Test(arguments: ways) func killedAtEachCall(_ way: Way) throws {
            let (rig, resource) = try rig(way)
            var states: Set<String> = []
            for call in 1... {
                try reset(rig)
                let isReached = Faults.killed(at: call) { _ = rig.apply(resource) }
                if !isReached { break }
                states.insert(try #require(rig.output("app")))
                try start(rig, resource)
                // In place, what was not accepted does not stay.
                let isOld = rig.output("app") == "old"
                #expect(try isOld || rig.isMarked(), "call \(call)")
                let outcome = rig.apply(resource)
                let isFailure = outcome.isFailure
                #expect(rig.output("app") == "new" && !isFailure, "call \(call): \(rig.log.entries.suffix(3))")
                let reloaded = rig.reload(after: outcome)
                #expect(reloaded == .done, "call \(call): a reload is lost")
                // Another name of an old file is told from a file of somebody else once it is its only one.
                if rig.outputNames != way.names {
                    let later = rig.apply(resource, "later")
                    _ = rig.reload(after: later)
                    try start(rig, resource)
                }
                #expect(rig.outputNames == way.names, "call \(call)")
            }
            #expect(states == ["old", "new"])
        }

        /// A link of another user that appears on the way leads to nothing that is written.
        @Test(.enabled(if: geteuid() == 0, "only root makes files of others"), arguments: ways)
        func aLinkOfAnotherUserAtEachCall(_ way: Way) throws {
            let (rig, resource) = try rig(way)
            let victim = rig.directory("victim")
            let path = rig.path("app")
            for call in 1... {
                try rig.directory.write("victim", "untouched")
                try reset(rig)
                let isReached = Faults.intruding(at: call) {
                    unlink(path)
                    symlink(victim, path)
                    lchown(path, 12_345, 12_345)
                } body: {
                    _ = rig.apply(resource)
                }
                if !isReached { break }
                #expect(rig.directory.text("victim") == "untouched", "call \(call)")
            }
        }

        /// Another program replaces the file in between: what is there then is never taken for ours.
        @Test(arguments: ways) func anotherFileAtEachCall(_ way: Way) throws {
            let (rig, resource) = try rig(way)
            let (path, other) = (rig.path("app"), rig.directory("other"))
            for call in 1... {
                try reset(rig)
                try rig.directory.write("other", "theirs")
                let isReached = Faults.intruding(at: call) {
                    rename(other, path)
                } body: {
                    _ = rig.apply(resource)
                }
                if !isReached { break }
                let text = rig.output("app")
                #expect(text == "new" || text == "theirs", "call \(call)")
                // Whichever file is there, the next pass installs the new one.
                let isFailure = rig.apply(resource, "new", ApplierRig.Pass(mayCheckAgain: true)).isFailure
                #expect(rig.output("app") == "new" && !isFailure, "call \(call)")
            }
        }

        /// Found by reading: a previous file that could not be staged was never put back.
        @Test func aFullDiskOnlyPutsARollbackOff() throws {
            let rig = try ApplierRig(["-watch"])
            try rig.resource("app", fields: Self.reload + "rollback = true")
            try rig.write("app", "old")
            let (resource, path) = (try rig.definition(), rig.path("app"))
            rig.commands.answer { _ in .exited(code: (try? Files.read(path)) == Array("old".utf8) ? 0 : 1) }
            var outcome = rig.apply(resource)
            for _ in 1..<3 {
                let state = rig.reload(after: outcome)
                #expect(state == .owed)
                outcome = rig.apply(resource)
            }
            let state = Faults.with(Faults.Fault("fsync", code: Errno.noSpace)) { rig.reload(after: outcome) }
            #expect(state == .owed && rig.output("app") == "new")
            #expect(rig.log.count("cannot write the staged file of \(path): no space left on device") == 1)
            outcome = rig.apply(resource)
            let later = rig.reload(after: outcome)
            #expect(later == .rolledBack && rig.output("app") == "old", "\(rig.log.entries)")
            let again = rig.apply(resource)
            #expect(again.state == .refusedBefore)
        }

        /// A mark that stays makes the next start repeat the reload: the failure to remove it is logged as an error.
        @Test func aMarkThatCannotBeRemovedIsSaid() throws {
            let (rig, resource) = try rig(Self.ways[0])
            let outcome = rig.apply(resource)
            let done = Faults.with(Faults.Fault("fremovexattr", code: Errno.inputOutput)) {
                rig.reload(after: outcome)
            }
            #expect(done == .done)
            #expect(rig.log.count("ERROR app.toml: cannot note the reload that \(rig.path("app")) is owed") == 1)
            #expect(try rig.isMarked())
        }
    }
#endif
