import Foundation
import Testing

@testable import TOML

/// The cases of toml-lang/toml-test for TOML 1.0, read from a folder that is no part of this package.
@Suite struct SuiteTests {
    /// `$CONFD_TOML_TEST`, else `shared/toml-test` beside the checkout; nil where neither is there.
    static let folder: String? = {
        let beside =
            #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
            + "/../shared/toml-test"
        let folder = ProcessInfo.processInfo.environment["CONFD_TOML_TEST"] ?? beside
        return FileManager.default.fileExists(atPath: folder + "/files-toml-1.0.0") ? folder : nil
    }()

    static let cases: [String] = {
        guard let folder else { return [] }
        let list = read(folder + "/files-toml-1.0.0")
        return String(decoding: list, as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.hasSuffix(".toml") }
    }()
    static let valid = cases.filter { $0.hasPrefix("valid/") }
    static let invalid = cases.filter { $0.hasPrefix("invalid/") }

    static let absent: Comment =
        "toml-test was not found: set CONFD_TOML_TEST to its folder (with files-toml-1.0.0 in it)"

    @Test("The list names both kinds of cases", .enabled(if: folder != nil, absent))
    func list() {
        #expect(Self.valid.count > 150)
        #expect(Self.invalid.count > 300)
    }

    @Test(.enabled(if: folder != nil, absent), arguments: valid)
    func accepts(_ name: String) throws {
        let folder = try #require(Self.folder)
        let parsed = try Plain(TOMLParser.parse(Self.read(folder + "/" + name)))
        var json = TaggedJSON(bytes: Self.read(folder + "/" + name.dropLast(5) + ".json"))
        #expect(parsed.sorted.withShortFractions == json.value().sorted.withShortFractions)
    }

    @Test(.enabled(if: folder != nil, absent), arguments: invalid)
    func refuses(_ name: String) throws {
        let folder = try #require(Self.folder)
        let bytes = Self.read(folder + "/" + name)
        let error = #expect(throws: TOMLError.self) { _ = try TOMLParser.parse(bytes) }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let position = try #require(error).position
        #expect((1...lines.count).contains(position.line))
        #expect((1...lines[position.line - 1].count + 1).contains(position.column))
    }

    private static func read(_ path: String) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            Issue.record("cannot read \(path)")
            return []
        }
        return Array(data)
    }
}

/// The suite's tagged JSON: objects, arrays, strings, and `{"type": …, "value": …}` for the rest.
private struct TaggedJSON {
    let bytes: [UInt8]
    var index = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func value() -> Plain {
        skipSpace()
        switch bytes[index] {
        case UInt8(ascii: "{"): return tagged(object())
        case UInt8(ascii: "["): return .array(array())
        default: return .string(string())
        }
    }

    private func tagged(_ entries: [Plain.Entry]) -> Plain {
        guard entries.count == 2, let type = text("type", in: entries), let value = text("value", in: entries) else {
            return .table(entries)
        }
        switch type {
        case "string": return .string(value)
        case "integer": return Int64(value).map { .integer($0) } ?? .string("not an integer: " + value)
        case "float": return Double(value).map { .float($0) } ?? .string("not a float: " + value)
        case "bool": return .boolean(value == "true")
        case "datetime": return .offsetDateTime(value)
        case "datetime-local": return .localDateTime(value)
        case "date-local": return .localDate(value)
        case "time-local": return .localTime(value)
        default: return .string("unknown type: " + type)
        }
    }

    private func text(_ key: String, in entries: [Plain.Entry]) -> String? {
        guard case .string(let text)? = entries.first(where: { $0.key == key })?.value else { return nil }
        return text
    }

    private mutating func object() -> [Plain.Entry] {
        var entries: [Plain.Entry] = []
        index += 1
        skipSpace()
        while bytes[index] != UInt8(ascii: "}") {
            let key = string()
            skipSpace()
            index += 1
            entries.append(Plain.Entry(key: key, value: value()))
            skipSeparator()
        }
        index += 1
        return entries
    }

    private mutating func array() -> [Plain] {
        var values: [Plain] = []
        index += 1
        skipSpace()
        while bytes[index] != UInt8(ascii: "]") {
            values.append(value())
            skipSeparator()
        }
        index += 1
        return values
    }

    /// Foundation decodes the escapes.
    private mutating func string() -> String {
        let start = index
        index += 1
        while bytes[index] != UInt8(ascii: "\"") { index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1 }
        index += 1
        let decoded = try? JSONSerialization.jsonObject(with: Data(bytes[start..<index]), options: .fragmentsAllowed)
        // A string that Foundation cannot decode makes the comparison fail.
        return decoded as? String ?? "undecodable"
    }

    private mutating func skipSpace() {
        while index < bytes.count && [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    private mutating func skipSeparator() {
        skipSpace()
        if bytes[index] == UInt8(ascii: ",") { index += 1 }
        skipSpace()
    }
}

extension Plain {
    /// The suite writes `.600` for `.6`.
    fileprivate var withShortFractions: Plain {
        switch self {
        case .offsetDateTime(let text): .offsetDateTime(Self.shortened(text))
        case .localDateTime(let text): .localDateTime(Self.shortened(text))
        case .localTime(let text): .localTime(Self.shortened(text))
        case .array(let values): .array(values.map(\.withShortFractions))
        case .table(let entries): .table(entries.map { Entry(key: $0.key, value: $0.value.withShortFractions) })
        default: self
        }
    }

    private static func shortened(_ text: String) -> String {
        guard let dot = text.firstIndex(of: ".") else { return text }
        let end = text[dot...].dropFirst().firstIndex { !$0.isNumber } ?? text.endIndex
        var fraction = text[dot..<end]
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return String(text[..<dot] + (fraction == "." ? "" : fraction) + text[end...])
    }
}
