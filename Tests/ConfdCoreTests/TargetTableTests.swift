import Checks
import KeyValue
import Rendering
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// Which servers are found among keys, and which of them are hidden.
@Suite struct TargetTableTests {
    private static func check(
        _ keys: String = "/s/*/*", target: String? = nil, group: String? = nil,
        minHealthy: TargetCheck.MinHealthy = .count(1), hide: Bool = true, initial: Verdict = .up
    ) throws -> TargetCheck {
        var options = HealthCheck.Options()
        options.initial = initial
        return TargetCheck(
            keys: try #require(KeyPattern(keys)),
            target: try target.map { try FieldTemplate($0, field: "target", functions: .all) },
            group: try group.map { try FieldTemplate($0, field: "group", functions: .all) },
            minHealthy: minHealthy, hide: hide, check: try HealthCheck(.tcp(TCPCheck()), options))
    }

    private static func table(_ check: TargetCheck) -> TargetTable {
        TargetTable(check, environment: TemplateEnvironment(templateFolder: "/nowhere"))
    }

    private static func snapshot(_ pairs: [String: String]) -> Snapshot {
        Snapshot(
            pairs.map { (key: Array($0.key.utf8), value: Array($0.value.utf8)) }
                .sorted { $0.key.lexicographicallyPrecedes($1.key) })
    }

    private static func texts(_ keys: [[UInt8]]) -> [String] {
        keys.map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    private static func target(_ text: String) throws -> CheckTarget { try CheckTarget(parsing: text) }

    @Test(
        "where a target comes from",
        arguments: [
            (nil, "/s/a/1", "10.0.0.1:80", "10.0.0.1:80"),
            (nil, "/s/a/10.0.0.2:81", "x", "10.0.0.2:81"),
            ("{{.Value}}:9", "/s/a/1", "db", "db:9"),
            (#"{{$s := json .Value}}{{$s.host}}:{{$s.port}}"#, "/s/a/1", #"{"host": "::1", "port": 5}"#, nil),
            (#"{{(json .Value).host}}:5"#, "/s/a/1", #"{"host": "h"}"#, "h:5"),
            ("unix:/run/{{base .Key}}.sock", "/s/a/fpm", "", "unix:/run/fpm.sock"),
            ("{{.Value}}", "/s/a/1", "-rf:1", nil),
        ] as [(String?, String, String, String?)])
    func targets(_ template: String?, _ key: String, _ value: String, _ target: String?) throws {
        var table = Self.table(try Self.check(target: template))
        table.update(from: nil, to: Self.snapshot([key: value]))
        #expect(table.targets.map(\.description) == [target].compactMap { $0 })
        #expect(table.problems.count == (target == nil ? 1 : 0))
    }

    /// A directory matches too: its target comes from the keys below it, and it is hidden as a whole.
    @Test func directoriesMatch() throws {
        let check = try Self.check(target: #"{{getv (print .Key "/host")}}:{{getv (print .Key "/port")}}"#)
        var table = Self.table(check)
        let first = Self.snapshot(["/s/a/1/host": "h1", "/s/a/1/port": "1", "/s/a/2/host": "h2", "/s/a/2/port": "2"])
        table.update(from: nil, to: first)
        #expect(Set(table.targets.map(\.description)) == ["h1:1", "h2:2"])
        table.note(try Self.target("h1:1"), isUp: false)
        #expect(Self.texts(table.hidden) == ["/s/a/1"])
        // The key of another directory changes its target, which begins anew.
        let second = Self.snapshot(["/s/a/1/host": "h1", "/s/a/1/port": "7", "/s/a/2/host": "h2", "/s/a/2/port": "2"])
        table.update(from: first, to: second)
        #expect(Set(table.targets.map(\.description)) == ["h1:7", "h2:2"])
        #expect(table.hidden.isEmpty)
    }

    @Test func hidesWhatIsDown() throws {
        var table = Self.table(try Self.check())
        let keys = Self.snapshot(["/s/a/1": "h1:1", "/s/a/2": "h2:1", "/s/b/1": "h1:1"])
        table.update(from: nil, to: keys)
        #expect(table.targets.count == 2 && table.hidden.isEmpty)
        table.note(try Self.target("h1:1"), isUp: false)
        // It is the only one of its group in b, which is then shown.
        #expect(Self.texts(table.hidden) == ["/s/a/1"])
        #expect(Self.texts(table.groupsShownAsWhole) == ["/s/b"])
        table.note(try Self.target("h1:1"), isUp: true)
        #expect(table.hidden.isEmpty && table.groupsShownAsWhole.isEmpty)
    }

    @Test func withAllDownNothingIsHiddenUnlessAsked() throws {
        for (minHealthy, hidden) in [(TargetCheck.MinHealthy.count(1), 0), (.count(0), 2), (.percent(0), 2)] {
            var table = Self.table(try Self.check(minHealthy: minHealthy))
            table.update(from: nil, to: Self.snapshot(["/s/a/1": "h1:1", "/s/a/2": "h2:1"]))
            table.note(try Self.target("h1:1"), isUp: false)
            table.note(try Self.target("h2:1"), isUp: false)
            #expect(table.hidden.count == hidden, "\(minHealthy)")
        }
    }

    /// At 50 % of four, the third that is down ends hiding; two must be up again, and one more, before it begins again.
    @Test func percentageHasHysteresis() throws {
        var group = TargetGroup()
        let keys = (1...4).map { [UInt8($0)] }
        for key in keys { group.insert(key, isUp: true, .percent(50)) }
        group.note(keys[0], isUp: false, .percent(50))
        group.note(keys[1], isUp: false, .percent(50))
        #expect(!group.isShownAsWhole)
        group.note(keys[2], isUp: false, .percent(50))
        #expect(group.isShownAsWhole)
        group.note(keys[2], isUp: true, .percent(50))
        #expect(group.isShownAsWhole)
        group.note(keys[1], isUp: true, .percent(50))
        #expect(!group.isShownAsWhole)
    }

    @Test func initialHoldsUntilThereIsAVerdict() throws {
        var table = Self.table(try Self.check(minHealthy: .count(0), initial: .down))
        table.update(from: nil, to: Self.snapshot(["/s/a/1": "h1:1"]))
        #expect(table.hidden.count == 1)
        table.note(try Self.target("h1:1"), isUp: true)
        #expect(table.hidden.isEmpty)
    }

    @Test func withoutHideNothingIsHidden() throws {
        var table = Self.table(try Self.check(minHealthy: .count(0), hide: false))
        table.update(from: nil, to: Self.snapshot(["/s/a/1": "h1:1"]))
        table.note(try Self.target("h1:1"), isUp: false)
        #expect(table.hidden.isEmpty)
    }

    /// Report: keys = "/svc/web", without a star, was said to give no HOST:PORT.
    @Test func aDirectoryIsToldFromAServer() throws {
        var table = Self.table(try Self.check("/svc/web"))
        table.update(from: nil, to: Self.snapshot(["/svc/web/a": "127.0.0.1:80"]))
        #expect(table.problems.first?.reason.contains("only keys below it: keys = \".../*\" checks each") == true)
    }

    /// A value that a template cannot use is not shown: it may be a secret.
    @Test func problemsShowNoValues() throws {
        var table = Self.table(try Self.check(target: "h:{{atoi .Value}}"))
        table.update(from: nil, to: Self.snapshot(["/s/a/1": "hunter2"]))
        let problem = try #require(table.problems.first)
        #expect(problem.reason.contains("atoi") && !problem.reason.contains("hunter2"), "\(problem.reason)")
    }

    /// A pattern without a match is reported once, and again only after it has matched in between.
    @Test func patternWithoutAKeyIsNamedOnce() throws {
        let resource = try Resource.test(
            fields: "[[template.health_check]]\nkeys = \"/app/*\"\ntype = \"tcp\"\n")
        var health = try #require(
            ResourceHealth(resource, environment: TemplateEnvironment(templateFolder: "/nowhere")))
        var said: [[CheckProblem.Subject]] = []
        for (version, pairs) in [[:], ["/app/x": "h:1"], [:], [:]].enumerated() {
            let snapshot = VersionedSnapshot(snapshot: Self.snapshot(pairs), version: version + 1)
            _ = health.update(snapshot, at: .zero) { _ in nil }
            said.append(health.takeProblems().began.map(\.subject))
        }
        #expect(said == [[.pattern("/app/*")], [], [.pattern("/app/*")], []])
    }

    @Test func groupsByTemplate() throws {
        var table = Self.table(try Self.check(group: "all"))
        table.update(from: nil, to: Self.snapshot(["/s/a/1": "h1:1", "/s/b/1": "h2:1"]))
        table.note(try Self.target("h1:1"), isUp: false)
        #expect(Self.texts(table.hidden) == ["/s/a/1"])
    }

    /// Found by reading: a server that was down was shown again when its value changed in a part that its target does not use.
    @Test func anotherValueKeepsTheVerdict() throws {
        var table = Self.table(try Self.check(target: "{{base (dir .Value)}}:1"))
        let first = Self.snapshot(["/s/a/1": "h1/5", "/s/a/2": "h2/5"])
        table.update(from: nil, to: first)
        table.note(try Self.target("h1:1"), isUp: false)
        let second = Self.snapshot(["/s/a/1": "h1/7", "/s/a/2": "h2/5"])
        table.update(from: first, to: second)
        #expect(Self.texts(table.hidden) == ["/s/a/1"])
        // The server gets another key in one change, which keeps the verdict; then its key goes and comes back, which does not.
        let third = Self.snapshot(["/s/a/2": "h2/5", "/s/a/3": "h1/7"])
        table.update(from: second, to: third)
        #expect(Self.texts(table.hidden) == ["/s/a/3"])
        let fourth = Self.snapshot(["/s/a/2": "h2/5"])
        table.update(from: third, to: fourth)
        table.update(from: fourth, to: third)
        #expect(table.hidden.isEmpty)
    }

    /// Updates one by one give the same targets and hidden keys as one update to the last keys, for random keys and verdicts.
    @Test func stepByStepIsAsAtOnce() throws {
        var random = SeededGenerator(seed: 16)
        let check = try Self.check(target: #"{{getv "/suffix" "h"}}{{base (dir .Value)}}:1"#, minHealthy: .count(0))
        for _ in 0..<200 {
            var table = Self.table(check)
            var pairs: [String: String] = [:]
            var last: Snapshot?
            var verdicts: [String: Bool] = [:]
            for _ in 0..<20 {
                let key =
                    Bool.random(using: &random)
                    ? "/s/\(Int.random(in: 0..<3, using: &random))/\(Int.random(in: 0..<4, using: &random))" : "/suffix"
                // The target is made of the first number; the second does not matter.
                let value = "\(Int.random(in: 0..<5, using: &random))/\(Int.random(in: 0..<3, using: &random))"
                pairs[key] = Bool.random(using: &random) ? nil : key == "/suffix" ? String(value.prefix(1)) : value
                let new = Self.snapshot(pairs)
                table.update(from: last, to: new)
                last = new
                verdicts = verdicts.filter { name, _ in table.targets.contains { $0.description == name } }
                if let target = table.targets.randomElement(using: &random) {
                    let isUp = Bool.random(using: &random)
                    table.note(target, isUp: isUp)
                    verdicts[target.description] = isUp
                }
            }
            var fresh = Self.table(check)
            fresh.update(from: nil, to: Self.snapshot(pairs))
            for target in Array(fresh.targets) where verdicts[target.description] != nil {
                fresh.note(target, isUp: verdicts[target.description] == true)
            }
            #expect(Set(fresh.targets) == Set(table.targets))
            #expect(Set(fresh.hidden) == Set(table.hidden))
        }
    }
}
