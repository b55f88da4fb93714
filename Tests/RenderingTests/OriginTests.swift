import Foundation
import KeyValue
import Testing
import TextTemplate

@testable import Rendering

/// The origins of `confd explain` are compared with what happens when a key changes, for cases of the corpora.
@Suite struct OriginTests {
    /// Every n-th case is tested, as all of them take half a minute: `CONFD_ORIGINS_EVERY=1` tests all.
    private static let every = Int(ProcessInfo.processInfo.environment["CONFD_ORIGINS_EVERY"] ?? "") ?? 7

    @Test func theOriginsOfTheCorpora() throws {
        var report = Report()
        var templates: Set<ByteString> = []
        for file in try ConformanceTests.files() {
            for item in try ConformanceTests.cases(in: file) where templates.insert(item.template).inserted {
                guard templates.count % Self.every == 0 else { continue }
                let title = "\(file.lastPathComponent) \(item.name)"
                let one = try #require(LargeStack.run(within: 60) { Report(item, title) })
                // These corpora give Sprig's functions values of every type, also ones that do not affect the result.
                report.add(one, withNames: !file.lastPathComponent.hasPrefix("sprig"))
            }
        }
        print(report)
        #expect(report.bytes > 1_000 && report.unnamed > 1_000)
        #expect(report.problems == [])
        #expect(Double(report.loose.count) <= 0.05 * Double(report.named))
    }
}

/// The result of one case, or the sum of many.
private struct Report: Sendable, CustomStringConvertible {
    var cases = 0
    var bytes = 0
    var lines = 0
    /// Changes of keys that a line does not name.
    var unnamed = 0
    /// Keys that lines name, and those of them that no change was found for that changes the line.
    var named = 0
    var loose: [String] = []
    var problems: [String] = []

    init() {}

    var description: String {
        let share = Double(named - loose.count) / Double(max(1, named)) * 100
        return """
            \(loose.joined(separator: "\n"))
            \(cases) cases, \(bytes) bytes, \(lines) lines, \(unnamed) changes of unnamed keys, \(problems.count) problems, \
            \(named) named keys, \(loose.count) loose, tight \(share) %
            """
    }

    mutating func add(_ other: Report, withNames: Bool) {
        cases += other.cases
        bytes += other.bytes
        lines += other.lines
        unnamed += other.unnamed
        if withNames {
            named += other.named
            loose += other.loose
        }
        problems += other.problems
    }

    init(_ item: ConformanceCase, _ title: String) {
        guard let template = try? CompiledTemplate(item.template, name: "test.tmpl") else { return }
        func render(_ snapshot: Snapshot, _ trace: OriginTrace?) -> RenderOutcome {
            Renderer().render(
                template, over: snapshot, in: item.environment,
                recording: trace.map { (.origins($0), "test.tmpl") })
        }
        // Templates see views, which have clean keys only.
        let view = item.snapshot.view(of: [KeyRange(cleaned: Array("/".utf8))], strippingPrefix: [])
        let plain = render(view, nil)
        let trace = OriginTrace(over: view)
        let traced = render(view, trace)
        cases = 1
        if plain.output != traced.output || plain.failure?.description != traced.failure?.description {
            problems.append("\(title): another output")
        }
        guard plain.failure == nil else { return }
        guard let output = trace.output else {
            problems.append("\(title): no origins")
            return
        }
        var end = 0
        for write in output.writes {
            if write.bytes.lowerBound != end { problems.append("\(title): a gap at \(end)") }
            end = write.bytes.upperBound
        }
        if end != plain.output.count { problems.append("\(title): \(end) bytes of \(plain.output.count)") }
        bytes = end
        compare(title, output, trace, view, plain) { render($0, nil) }
    }

    private mutating func compare(
        _ title: String, _ output: TracedOutput, _ trace: OriginTrace, _ snapshot: Snapshot, _ plain: RenderOutcome,
        _ render: (Snapshot) -> RenderOutcome
    ) {
        let pairs = (0..<snapshot.count).map { (key: snapshot.key(at: $0).array, value: snapshot.value(at: $0).array) }
        let ranges = TracedOutput.lines(of: plain.output)
        let lines = ranges.map { range in
            let line = output.line(range, of: plain.output)
            let names = trace.table.origins(of: line.origins)
            return (text: Array(plain.output[range]), names: names)
        }
        self.lines = lines.count
        // How often each line occurs without, and with another value of, each key that was read.
        var changed: [ByteString: [[[UInt8]: Int]]] = [:]
        for (index, pair) in pairs.enumerated() {
            let key = ByteString(pair.key)
            changed[key] = []
            for change in Self.changes(of: pair.value) {
                var other = pairs
                if let change { other[index].value = change } else { other.remove(at: index) }
                let changes = Snapshot(other)
                guard plain.reads.intersects(changes.difference(from: snapshot)) else { continue }
                let result = render(changes)
                if result.failure != nil { continue }
                changed[key]?.append(Self.counts(result.output))
            }
            for line in lines where !line.names.contains(where: { $0.name == key && $0.kind == .key }) {
                unnamed += changed[key]?.count ?? 0
                if changed[key]?.contains(where: { $0[line.text] == nil }) ?? false {
                    problems.append("\(title): \(key.text) is not named for \(ByteString(line.text).quoted.text)")
                }
            }
        }
        let counts = Self.counts(plain.output)
        for line in lines {
            for name in Set(line.names.filter { $0.kind == .key }.map(\.name)) {
                guard let outputs = changed[name], !outputs.isEmpty else { continue }
                named += 1
                // Lines are counted, as one of several equal ones may be gone.
                if outputs.allSatisfy({ ($0[line.text] ?? 0) >= (counts[line.text] ?? 0) }) {
                    loose.append("loose: \(title): \(name.text) for \(ByteString(line.text).quoted.text)")
                }
            }
        }
    }

    private static func counts(_ output: [UInt8]) -> [[UInt8]: Int] {
        TracedOutput.lines(of: output).reduce(into: [:]) { $0[Array(output[$1]), default: 0] += 1 }
    }

    /// nil deletes the key.
    private static func changes(of value: [UInt8]) -> [[UInt8]?] {
        let texts = [
            "", "0", "1", "7", "20", "zz", "!", "{}", "[]", "true", "false", #"["x"]"#,
            #"{"a": {"n": 1}, "key": 1, "nope": {"deeper": 1}}"#,
        ]
        return [nil, value + value, Array(value.reversed()), value.map { $0 == 97 ? 98 : $0 }]
            + texts.map { Array($0.utf8) }
    }
}
