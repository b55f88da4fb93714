import Foundation
import Testing

@testable import TextTemplate

/// Templates with the answers of the real Go engine, in the format of the oracle; `oracle -w` records them.
@Suite struct EngineGoldenTests {
    private struct Case: Decodable {
        let name: String
        let template: String
        let output: String?
        let phase: String?
        let error: String?
        let partialOutput: String?

        enum CodingKeys: String, CodingKey {
            case name, template, output, phase, error
            case partialOutput = "partial_output"
        }

        var expected: Outcome {
            switch phase {
            case nil: .output(output ?? "")
            case "parse": .parseError(error ?? "")
            default: .executeError(error ?? "", after: partialOutput ?? "")
            }
        }
    }

    @Test func answersAreThoseOfGo() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/engine/actions.json")
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: file))
        #expect(cases.count > 300)
        for item in cases {
            #expect(Outcome(item.template) == item.expected, "\(item.name): \(item.template)")
        }
    }
}
