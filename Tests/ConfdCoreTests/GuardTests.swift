import KeyValue
import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// The limits that `fields` of a guard give.
private func limits(_ fields: String) throws -> GuardLimits {
    try #require(try Resource.test(fields: "[template.guard]\n\(fields)").guardLimits)
}

private func snapshot(_ keys: [String]) -> Snapshot { Snapshot(keys.map { (key: Array($0.utf8), value: [1]) }) }

@Suite struct GuardViolationTests {
    /// What a guard says of a rendering.
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let fields: String
        /// The keys of the last applied rendering; nil if they are not known.
        let before: [String]?
        let now: [String]
        var lines: LineLoss?
        var hasFile = true
        let text: String

        var testDescription: String { name }
    }

    private static let five = (1...5).map { "/s/a/servers/\($0)" }
    private static let perService = #"min_keys = { "/s/*/servers" = 2 }"#

    static let rows = [
        Row(
            name: "no limit is reached", fields: "min_keys = 2\nmax_drop = \"40%\"", before: five,
            now: Array(five.prefix(3)), text: ""),
        Row(
            name: "a key more than the drop", fields: "max_drop = \"40%\"", before: five, now: Array(five.prefix(2)),
            text: "3 of 5 keys would be gone (max_drop 40%)"),
        Row(
            name: "no drop at all", fields: "max_drop = \"0%\"", before: five, now: Array(five.prefix(4)),
            text: "1 of 5 keys would be gone (max_drop 0%)"),
        Row(name: "all may go", fields: "max_drop = \"100%\"", before: five, now: [], text: ""),
        Row(name: "growth is no drop", fields: "max_drop = \"0%\"", before: Array(five.prefix(1)), now: five, text: ""),
        Row(name: "nothing before", fields: "max_drop = \"0%\"", before: [], now: [], text: ""),
        Row(name: "what was before is not known", fields: "max_drop = \"0%\"", before: nil, now: [], text: ""),
        Row(
            name: "too few", fields: "min_keys = 2", before: five, now: Array(five.prefix(1)),
            text: "there would be 1 key (min_keys 2)"),
        Row(
            name: "too few at first", fields: "min_keys = 2", before: nil, now: [], hasFile: false,
            text: "there would be 0 keys (min_keys 2)"),
        Row(
            name: "as few as were believed", fields: "min_keys = 2", before: Array(five.prefix(1)),
            now: Array(five.suffix(1)), text: ""),
        Row(
            name: "without a file nothing is lost", fields: "max_drop = \"0%\"\nmax_change = \"0%\"", before: five,
            now: [], lines: LineLoss(lost: 9, total: 9), hasFile: false, text: ""),
        Row(
            name: "lines within", fields: "max_change = \"50%\"", before: five, now: five,
            lines: LineLoss(lost: 5, total: 10), text: ""),
        Row(
            name: "lines beyond", fields: "max_change = \"50%\"", before: five, now: five,
            lines: LineLoss(lost: 6, total: 10), text: "6 of 10 lines would change (max_change 50%)"),
        Row(
            name: "an empty file has no lines to lose", fields: "max_change = \"0%\"", before: five, now: five,
            lines: LineLoss(lost: 0, total: 0), text: ""),
        Row(
            name: "each path for itself", fields: perService, before: five + ["/s/b/servers/1", "/s/b/servers/2"],
            now: five + ["/s/b/servers/1"], text: "/s/b/servers would have 1 key (min_keys 2)"),
        Row(
            name: "a path that is gone has none", fields: perService, before: five + ["/s/b/servers/1"], now: five,
            text: "/s/b/servers would have 0 keys (min_keys 2)"),
        Row(name: "a new path grows", fields: perService, before: five, now: five + ["/s/b/servers/1"], text: ""),
        Row(
            name: "a first rendering without a match", fields: perService, before: nil, now: ["/s/x"], hasFile: false,
            text: "/s/*/servers would have 0 keys (min_keys 2)"),
        Row(name: "never a match, and believed", fields: perService, before: ["/s/x"], now: ["/s/y"], text: ""),
        Row(
            name: "a key at the path counts", fields: #"min_keys = { "/s/*" = 2 }"#, before: nil,
            now: ["/s/a", "/s/a/b"], text: ""),
        Row(
            name: "several patterns", fields: #"min_keys = { "/a/*" = 1, "/b" = 3 }"#,
            before: ["/a/x", "/b/1", "/b/2", "/b/3"], now: ["/b/1"],
            text: "/a/x would have 0 keys (min_keys 1), /b would have 1 key (min_keys 3)"),
        Row(
            name: "many", fields: #"min_keys = { "/*" = 1 }"#, before: ["/a", "/b", "/c", "/d", "/e"], now: [],
            text: "/a would have 0 keys (min_keys 1), /b would have 0 keys (min_keys 1), "
                + "/c would have 0 keys (min_keys 1) and 2 more"),
    ]

    @Test(arguments: rows) func row(_ row: Row) throws {
        let limits = try limits(row.fields)
        let found = limits.violations(
            of: KeyCounts(of: snapshot(row.now), limits), after: row.before.map { KeyCounts(of: snapshot($0), limits) },
            hasFile: row.hasFile, lines: row.lines)
        #expect(GuardViolation.text(found) == row.text)
    }

    /// docs/guards.md shows the line as it is logged.
    @Test func theLineOfThePage() throws {
        let name = "web.toml"
        let fields = "[template.guard]\nmax_drop = \"50%\""
        let resource = try Resource.test(name, destination: "/etc/nginx/conf.d/services.conf", fields: fields)
        let line = Applier.holdMessage(resource, [.droppedKeys(lost: 4, of: 5, percent: 50)], hasFile: true)
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = String(decoding: try Files.read("/\(root)/docs/guards.md"), as: UTF8.self)
        #expect(page.contains("\n  \(line)\n"))
    }

    /// The name of an item has a key of the store: the shell must not run a part of it when the command is copied.
    @Test func theCommandIsOneWordAShellTakesAsItIs() throws {
        let item = Item(key: Array("/sites/a; reboot".utf8), parts: [])
        let group = try Resource.test("web.toml", destination: "/out/web", fields: "")
        #expect(group.releaseCommand == "confd release web.toml")
        let resource = group.of(item, fileName: [97])
        #expect(resource.releaseCommand == "confd release 'web.toml[/sites/a; reboot]'")
    }

    /// The counter skips from path to path; it gives the same counts as matching every key.
    @Test func countsAreThoseOfEveryKey() throws {
        var random = SeededGenerator(seed: 7)
        let limits = try limits(#"min_keys = { "/*/b" = 1, "/a" = 1, "/*" = 1 }"#)
        for _ in 0..<2_000 {
            let keys = Set(
                (0..<Int.random(in: 0...12, using: &random)).map { _ in
                    (0..<Int.random(in: 1...4, using: &random)).map { _ in
                        "/" + ["a", "b", "a-b", "c"].randomElement(using: &random)!
                    }.joined()
                })
            let counts = KeyCounts(of: snapshot(Array(keys)), limits)
            try #require(counts.total == keys.count)
            for minimum in limits.minimums {
                var expected: [[UInt8]: Int] = [:]
                for key in keys {
                    let path = Array(key.utf8).withUnsafeBufferPointer { minimum.pattern.match($0).map { Array($0) } }
                    if let path { expected[path, default: 0] += 1 }
                }
                try #require(counts.matches[minimum.pattern.text] == expected, "\(keys)")
            }
        }
    }

    /// Keys of one path need not follow each other: a dash comes before a slash.
    @Test func countsPathsWhoseKeysAreApart() throws {
        let limits = try limits(#"min_keys = { "/s/*" = 2 }"#)
        let counts = KeyCounts(of: snapshot(["/s/a", "/s/a-b/1", "/s/a/1", "/s/a/2"]), limits)
        #expect(counts.total == 4)
        #expect(counts.matches["/s/*"] == [Array("/s/a".utf8): 3, Array("/s/a-b".utf8): 1])
    }
}

@Suite struct LineLossTests {
    /// Lines that both files have at their beginning or end are skipped; the result is that of comparing every line.
    @Test func isThatOfEveryLine() throws {
        var random = SeededGenerator(seed: 7)
        func file() -> [UInt8] {
            (0..<Int.random(in: 0...9, using: &random)).map { _ in Array("\n\nab".utf8).randomElement(using: &random)! }
        }
        func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            return lines.last?.isEmpty ?? false ? lines.dropLast() : lines
        }
        for _ in 0..<20_000 {
            let (old, new) = (file(), file())
            var left = lines(new)
            let lost = lines(old).count { line in
                guard let index = left.firstIndex(of: line) else { return true }
                left.remove(at: index)
                return false
            }
            try #require(LineLoss(from: old, to: new) == LineLoss(lost: lost, total: lines(old).count), "\(old) \(new)")
        }
    }

    @Test(arguments: [
        ("a\nb\nc\n", "a\nb\nc\n", 0, 3), ("a\nb\nc\n", "c\nb\na\n", 0, 3), ("a\nb\nc\n", "", 3, 3),
        ("a\nb", "a\nb\n", 0, 2), ("a\na\na\n", "a\n", 2, 3), ("a\n", "a\nb\nc\n", 0, 1), ("", "a\n", 0, 0),
        ("\n\n", "", 2, 2), ("a\nb\n", "a\nx\n", 1, 2),
    ])
    func counts(_ old: String, _ new: String, _ lost: Int, _ total: Int) {
        #expect(LineLoss(from: Array(old.utf8), to: Array(new.utf8)) == LineLoss(lost: lost, total: total))
    }
}

/// Guards over random histories: data change, time passes, confd restarts, operators release.
@Suite struct GuardHistoryTests {
    /// What a guard sees of one rendering.
    private struct Data: Equatable {
        var keys: Int
        var lines: LineLoss
        var hasFile = true
    }

    /// The state machine with a clock, beside a simple model of the limits that says what it must do.
    private struct World {
        let limits: GuardLimits
        var now = Duration.seconds(100)
        var machine = GuardState()
        /// The keys that were applied last.
        var applied: Int?
        /// When a rendering was held first; nil if none is.
        var heldSince: Duration?
        var isReleased = false

        /// Wall clock and monotonic clock go together here.
        var wall: WallTime { WallTime(seconds: 1_700_000_000 + now.components.seconds) }

        func isWithinLimits(_ data: Data) -> Bool {
            let isMoreThanBefore = applied.map { data.keys >= $0 } ?? false
            let hasEnough = data.keys >= limits.minKeys || isMoreThanBefore
            if !data.hasFile { return hasEnough }
            let kept = applied.map { $0 == 0 ? 100 : Double(data.keys) * 100 / Double($0) } ?? 100
            let isDropSmall = limits.maxDrop.map { kept >= Double(100 - $0) } ?? true
            let share = data.lines.total == 0 ? 0 : Double(data.lines.lost) * 100 / Double(data.lines.total)
            let isChangeSmall = limits.maxChange.map { share <= Double($0) } ?? true
            return hasEnough && isDropSmall && isChangeSmall
        }

        /// Renders, and compares what the machine does with what it should do.
        mutating func render(_ data: Data) throws {
            let isWithin = isWithinLimits(data)
            let isOver = heldSince.map { isReleased || limits.hold > .zero && now - $0 >= limits.hold } ?? false
            let keys = AppliedKeys(KeyCounts(total: data.keys))
            let violations = limits.violations(
                of: keys.counts, after: machine.applied?.counts, hasFile: data.hasFile, lines: data.lines)
            #expect(violations.isEmpty == isWithin, "\(data) after \(String(describing: applied)) of \(limits)")
            let isBelieved = machine.isBelieved(after: limits.hold, at: now)
            #expect(isBelieved == isOver)
            if isWithin || isOver {
                let wasHeld = heldSince != nil
                let event = machine.applied(GuardReport(keys: keys, violations: violations))
                let expected: GuardState.Event? =
                    !wasHeld ? nil : isWithin ? .backInLimits : isReleased ? .released : .believed
                #expect(event == expected)
                applied = data.keys
                heldSince = nil
                isReleased = false
            } else {
                _ = machine.held(violations, at: now, wall: wall)
                heldSince = heldSince ?? now
            }
            try #require((machine.hold != nil) == (heldSince != nil))
            #expect(machine.applied?.counts.total == applied)
        }

        /// Restarts the state machine from a record as the state directory keeps it.
        mutating func restart() throws {
            var record = ResourceRecord(resource: "a", destination: "/a")
            record.keys = machine.applied?.counts
            record.heldSince = machine.hold?.since
            record.isReleased = machine.hold?.isReleased ?? false
            let read = try #require(ResourceRecord(parsing: record.json))
            #expect(read == record)
            machine = GuardState(
                read.keys, heldSince: read.heldSince, isReleased: read.isReleased, at: now, wall: wall)
        }
    }

    private func limits(_ random: inout SeededGenerator) -> GuardLimits {
        var limits = GuardLimits()
        if Bool.random(using: &random) { limits.minKeys = .random(in: 0...6, using: &random) }
        if Bool.random(using: &random) { limits.maxDrop = .random(in: 0...100, using: &random) }
        if Bool.random(using: &random) { limits.maxChange = .random(in: 0...100, using: &random) }
        limits.hold = .seconds(Int.random(in: 0...30, using: &random))
        return limits
    }

    @Test(arguments: 0..<40) func history(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var world = World(limits: limits(&random))
        for _ in 0..<250 {
            world.now += .seconds(Int.random(in: 0...8, using: &random))
            switch Int.random(in: 0..<20, using: &random) {
            case 0: try world.restart()
            case 1:
                let isHeld = world.heldSince != nil
                #expect(world.machine.release() == isHeld)
                if isHeld { world.isReleased = true }
            default:
                let total = Int.random(in: 0...10, using: &random)
                let lines = LineLoss(lost: .random(in: 0...total, using: &random), total: total)
                let hasFile = Int.random(in: 0..<10, using: &random) > 0
                try world.render(Data(keys: .random(in: 0...10, using: &random), lines: lines, hasFile: hasFile))
            }
        }
    }

    /// A clock that was set back or forward between two runs holds no longer than the time, and breaks nothing.
    @Test func wallClockJumps() {
        let since = WallTime(seconds: 1_700_000_000)
        let hold = Duration.seconds(600)
        for (wall, isBelieved) in [(0, false), (1_700_000_599, false), (1_700_000_600, true), (253_402_300_799, true)] {
            let state = GuardState(
                nil, heldSince: since, isReleased: false, at: .seconds(5), wall: WallTime(seconds: Int64(wall)))
            #expect(state.isBelieved(after: hold, at: .seconds(5)) == isBelieved)
            #expect(state.isBelieved(after: hold, at: .seconds(605)), "never longer than the time")
            #expect(!state.isBelieved(after: .zero, at: .seconds(1_000_000)), "until it is released")
        }
    }

    /// A hold is logged once, and once more after a restart.
    @Test func isAnnouncedOnce() {
        var state = GuardState()
        let wall = WallTime(seconds: 7)
        #expect(state.held([], at: .zero, wall: wall) == .held)
        #expect(state.held([], at: .seconds(1), wall: wall) == nil)
        var restarted = GuardState(nil, heldSince: state.hold?.since, isReleased: false, at: .zero, wall: wall)
        #expect(restarted.held([], at: .zero, wall: wall) == .held)
    }
}
