import Foundation
import Testing

@testable import TextTemplate

/// What templates are compiled to: `Golden/listings.txt` holds templates with their listings, each as
/// `### name`, the template, `---`, the listing. `f` is a function that takes anything.
@Suite struct ListingTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let template: String
        let listing: String

        var testDescription: String { name }
    }

    static let cases: [Case] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/listings.txt")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.components(separatedBy: "### ").dropFirst().map { part in
            let name = part.prefix { $0 != "\n" }
            let halves = part.dropFirst(name.count + 1).components(separatedBy: "\n---\n")
            return Case(name: String(name), template: halves[0], listing: halves.last ?? "")
        }
    }()

    @Test func thereAreCases() { #expect(Self.cases.count >= 25) }

    @Test(arguments: cases)
    func compilesTo(_ item: Case) throws {
        let functions = ["f": Function([], variadic: .any) { _ in .invalid }]
        let template = try Template(ByteString(item.template), name: "t.tmpl", functions: functions)
        #expect(template.storage.program.description == item.listing)
    }
}
