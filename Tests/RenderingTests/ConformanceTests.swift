import Foundation
import Testing
import TextTemplate

@testable import Rendering

/// Every case of the corpora, compared with the answers of the real Go engine that they hold.
///
/// `CONFD_CONFORMANCE`, a list of folders separated by colons, adds corpora:
/// `CONFD_CONFORMANCE=dir swift test --filter Conformance`.
@Suite struct ConformanceTests {
    @Test func answersAreThoseOfGo() throws {
        var report = Report()
        for file in try Self.files() { report.add(try Self.cases(in: file), from: file) }
        report.finish()
        #expect(report.passed > 0)
        #expect(report.failed == 0)
    }

    @Test func aWrongAnswerIsNoticed() {
        let wrong = ConformanceCase(
            Map([("name", .string("wrong")), ("template", .string("{{add 1 1}}")), ("output", .string("3"))]))
        #expect(wrong.accepted == [.init(output: "3")])
        #expect(wrong.run() == .init(output: "2"))
    }

    /// Counts, and prints what is not as expected.
    private struct Report {
        private(set) var passed = 0
        private(set) var failed = 0
        private var totals: [String] = []

        mutating func add(_ cases: [ConformanceCase], from file: URL) {
            var failures = 0
            for item in cases {
                let outcome = item.run()
                if item.accepted.contains(outcome) { continue }
                failures += 1
                print("FAILED \(file.lastPathComponent) \(item.name)")
                print("  expected \(item.accepted.map(\.description).joined(separator: "\n        or "))")
                print("  got      \(outcome)")
            }
            passed += cases.count - failures
            failed += failures
            totals.append("\(file.lastPathComponent): \(cases.count - failures) passed, \(failures) failed")
        }

        func finish() {
            for total in totals { print(total) }
            print("\(passed) passed, \(failed) failed")
        }
    }

    static func files() throws -> [URL] {
        var folders = [
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Conformance")
        ]
        let further = ProcessInfo.processInfo.environment["CONFD_CONFORMANCE"] ?? ""
        folders += further.split(separator: ":").map { URL(fileURLWithPath: String($0)) }
        return try folders.flatMap { folder in
            try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "json" }
                .sorted { $0.lastPathComponent < $1.lastPathComponent }
        }
    }

    static func cases(in file: URL) throws -> [ConformanceCase] {
        let value = try TestJSON.decode(ByteString(try Data(contentsOf: file)))
        guard case .slice(let list) = value else { preconditionFailure("a corpus is a list: \(file.path)") }
        return list.array.map { item in
            guard case .map(let fields) = item else { preconditionFailure("a case is an object: \(file.path)") }
            return ConformanceCase(fields)
        }
    }
}
