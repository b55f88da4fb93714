import Foundation

@testable import TextTemplate

/// Answers of Go's `fmt`, recorded in `Golden/format.json`.
struct FormatGolden: Sendable {
    /// Directives crossed with values: `results[value][format]`.
    struct Grid: Sendable {
        let formats: [ByteString]
        let values: [Value]
        let results: [[ByteString]]
    }

    struct Formatted: Sendable {
        let format: ByteString
        let arguments: [Value]
        let result: ByteString
    }

    struct Printed: Sendable {
        let arguments: [Value]
        let print: ByteString
        let println: ByteString
    }

    let grids: [Grid]
    let formatted: [Formatted]
    let printed: [Printed]

    static let shared = load(
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/format.json"))

    static func load(_ url: URL) -> FormatGolden {
        do {
            let document = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
            return FormatGolden(document as! [String: Any])
        } catch {
            fatalError("\(url.path): \(error)")
        }
    }

    private init(_ document: [String: Any]) {
        grids = (document["groups"] as! [[String: Any]]).map { group in
            Grid(
                formats: (group["formats"] as! [Any]).map(Self.text),
                values: (group["values"] as! [Any]).map(Self.value),
                results: (group["results"] as! [[Any]]).map { $0.map(Self.text) })
        }
        formatted = (document["formatted"] as! [[Any]]).map { row in
            Formatted(
                format: Self.text(row[0]), arguments: (row[1] as! [Any]).map(Self.value), result: Self.text(row[2]))
        }
        printed = (document["printed"] as! [[Any]]).map { row in
            Printed(
                arguments: (row[0] as! [Any]).map(Self.value), print: Self.text(row[1]), println: Self.text(row[2]))
        }
    }

    /// A string, or `{"b64": …}` for what is not valid UTF-8.
    private static func text(_ json: Any) -> ByteString {
        if let text = json as? String { return ByteString(text) }
        let coded = (json as! [String: String])["b64"]!
        return ByteString(Array(Data(base64Encoded: coded)!))
    }

    /// A value: null, a boolean, a text, or `[type, content]`.
    private static func value(_ json: Any) -> Value {
        if json is NSNull { return .nilInterface }
        guard let pair = json as? [Any] else {
            if let flag = json as? Bool { return .bool(flag) }
            return .string(text(json))
        }
        let content = pair[1]
        let isNil = content is NSNull
        func number() -> Int { Int(content as! String)! }
        func elements() -> [Value] { isNil ? [] : (content as! [Any]).map(value) }
        func double(_ json: Any) -> Double { Double(bitPattern: UInt64(json as! String, radix: 16)!) }
        switch pair[0] as! String {
        case "int": return .int(number())
        case "int64": return .integer(.init(.int64, number()))
        case "int32": return .integer(.init(.int32, number()))
        case "uint8": return .integer(.init(.uint8, number()))
        case "uint16": return .integer(.init(.uint16, number()))
        case "time.Duration": return .integer(.init(.duration, number()))
        case "time.Month": return .integer(.init(.month, number()))
        case "time.Weekday": return .integer(.init(.weekday, number()))
        case "float64": return .float(double(content))
        case "complex128":
            let parts = content as! [Any]
            return .complex(.init(double(parts[0]), double(parts[1])))
        case "[]uint8": return .slice(Slice(.byte, elements(), isNil: isNil))
        case "[]string": return .slice(Slice(.string, elements(), isNil: isNil))
        case "[]int": return .slice(Slice(.int, elements(), isNil: isNil))
        case "[]interface {}": return .slice(Slice(.any, elements(), isNil: isNil))
        case "[]memkv.KVPair": return .slice(Slice(.pair, elements(), isNil: isNil))
        case "memkv.KVPairs": return .slice(Slice(.pairs, elements(), isNil: isNil))
        case "memkv.KVPair":
            let parts = content as! [Any]
            return .pair(Pair(key: text(parts[0]), value: text(parts[1])))
        case "*net.SRV":
            let parts = content as! [Any]
            return .object(
                ServiceRecord(
                    target: text(parts[0]), numbers: parts[1...].map { ($0 as! NSNumber).intValue }))
        case "map":
            let entries = isNil ? [] : content as! [[Any]]
            return .map(Map(entries.map { (text($0[0]), value($0[1])) }, isNil: isNil))
        case let name:
            fatalError("no such type: \(name)")
        }
    }
}

/// A stand-in for `*net.SRV`: a pointer to a struct without methods.
final class ServiceRecord: Object {
    let target: ByteString
    let numbers: [Int]

    init(target: ByteString, numbers: [Int]) {
        self.target = target
        self.numbers = numbers
    }

    var typeName: String { "*net.SRV" }
    var fields: [(name: String, value: Value)] {
        [("Target", .string(target))]
            + zip(["Port", "Priority", "Weight"], numbers).map { ($0, .integer(.init(.uint16, $1))) }
    }
    func field(_ name: ByteString) -> Value? { fields.first { ByteString($0.name) == name }?.value }
    func method(_ name: ByteString) -> Function? { nil }
    var description: ByteString? { nil }
}
