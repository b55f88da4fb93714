import JSON
import KeyValue

/// The keys of one secret, as confd makes them: a secret whose only member is a text `value` is that text; any other is its
/// JSON, with a key for each text in it below. What is neither text nor object has no key of its own.
struct VaultValues {
    private let answer: JSONAnswer
    private(set) var pairs: [(key: [UInt8], value: [UInt8])] = []
    /// Whether something was left out.
    private(set) var isIncomplete = false

    /// The deepest nesting that is followed.
    private static let deepest = 100

    /// `data` is the index of the secret's data, an object.
    init(_ key: [UInt8], _ answer: JSONAnswer, data: Int) {
        self.answer = answer
        let members = answer.members(of: data)
        if members.count == 1, members[0].name.elementsEqual("value".utf8), answer.kind(members[0].value) == .string {
            pairs = [(key, answer.bytes(members[0].value))]
            return
        }
        var json: [UInt8] = []
        write(data, into: &json, depth: 0)
        pairs = [(key, json)]
        flatten(key, data, depth: 0)
    }

    private mutating func flatten(_ key: [UInt8], _ index: Int, depth: Int) {
        switch answer.kind(index) {
        case .string: pairs.append((key, answer.bytes(index)))
        case .object where depth < Self.deepest:
            for member in answer.members(of: index) {
                flatten(Path.join([key, member.name]), member.value, depth: depth + 1)
            }
        case .object, .array, .null, .true, .false, .number: isIncomplete = true
        }
    }

    /// As Go prints it: members sorted, `<`, `>` and `&` escaped.
    private mutating func write(_ index: Int, into json: inout [UInt8], depth: Int) {
        switch answer.kind(index) {
        case .string: json += Self.quoted(answer.bytes(index))
        case .number, .true, .false, .null: json += answer.digits(index)
        case .array where depth < Self.deepest:
            json.append(UInt8(ascii: "["))
            for (place, element) in answer.elements(of: index).enumerated() {
                if place > 0 { json.append(UInt8(ascii: ",")) }
                write(element, into: &json, depth: depth + 1)
            }
            json.append(UInt8(ascii: "]"))
        case .object where depth < Self.deepest:
            json.append(UInt8(ascii: "{"))
            for (place, member) in answer.members(of: index).enumerated() {
                if place > 0 { json.append(UInt8(ascii: ",")) }
                json += Self.quoted(member.name) + [UInt8(ascii: ":")]
                write(member.value, into: &json, depth: depth + 1)
            }
            json.append(UInt8(ascii: "}"))
        case .array, .object:
            isIncomplete = true
            json += Array("null".utf8)
        }
    }

    private static func quoted(_ text: [UInt8]) -> [UInt8] {
        var writer = JSONWriter()
        text.withUnsafeBufferPointer { writer.appendString($0) }
        return writer.finish()
    }
}
