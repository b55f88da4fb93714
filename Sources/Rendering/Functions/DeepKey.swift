import TextTemplate

/// A value that equals another if Go's `reflect.DeepEqual` says so: of the same type, and so are all parts. NaN equals
/// nothing.
struct DeepKey: Hashable {
    private let value: Value

    init(_ value: Value) { self.value = value }

    /// Throws if the arguments have more parts than a list may have: a value that occurs in many places is visited in each
    /// of them.
    static func checkSize(_ arguments: Arguments) throws(FunctionError) {
        let limit = arguments.longestList
        var count = 0
        for index in 0..<arguments.count { add(arguments[index], to: &count, limit: limit) }
        if count > limit { throw FunctionError(.tooMany(limit: limit)) }
    }

    /// Counts the parts of `value`, no further than to a little above `limit`.
    private static func add(_ value: Value, to count: inout Int, limit: Int) {
        count += 1
        switch value {
        case .slice(let list):
            for index in 0..<list.count where count <= limit { add(list[index], to: &count, limit: limit) }
        case .map(let map):
            for index in 0..<map.count where count <= limit { add(map[index].value, to: &count, limit: limit) }
        default: break
        }
    }

    static func == (left: DeepKey, right: DeepKey) -> Bool { areEqual(left.value, right.value) }

    private static func areEqual(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.invalid, .invalid), (.nilInterface, .nilInterface), (.invalid, .nilInterface), (.nilInterface, .invalid):
            true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.float(let a), .float(let b)): a == b
        case (.complex(let a), .complex(let b)): a == b
        case (.string(let a), .string(let b)): a == b
        case (.slice(let a), .slice(let b)):
            a.element == b.element && a.isNil == b.isNil && a.count == b.count
                && (0..<a.count).allSatisfy { areEqual(a[$0], b[$0]) }
        case (.map(let a), .map(let b)):
            a.isNil == b.isNil && a.count == b.count
                && (0..<a.count).allSatisfy { a[$0].key == b[$0].key && areEqual(a[$0].value, b[$0].value) }
        case (.pair(let a), .pair(let b)): a.key == b.key && a.value == b.value
        case (.object(let a), .object(let b)): areSame(a, b)
        default: false
        }
    }

    private static func areSame(_ a: any Object, _ b: any Object) -> Bool {
        if a === b { return true }
        let (one, other) = (a.fields, b.fields)
        return a.typeName == b.typeName && one.count == other.count
            && zip(one, other).allSatisfy { areEqual($0.value, $1.value) }
    }

    func hash(into hasher: inout Hasher) { Self.hash(value, into: &hasher) }

    private static func hash(_ value: Value, into hasher: inout Hasher) {
        switch value {
        case .invalid, .nilInterface: break
        case .bool(let flag): hasher.combine(flag)
        case .int(let number): hasher.combine(number)
        case .integer(let integer): hasher.combine(integer.value)
        case .float(let number): hasher.combine(number)
        case .complex(let number): hasher.combine(number.real)
        case .string(let text): hasher.combine(text)
        case .slice(let list):
            hasher.combine(list.count)
            for index in 0..<list.count { hash(list[index], into: &hasher) }
        case .map(let map):
            for index in 0..<map.count {
                hasher.combine(map[index].key)
                hash(map[index].value, into: &hasher)
            }
        case .pair(let pair): hasher.combine(pair.key)
        case .object(let object): hasher.combine(object.typeName)
        }
    }
}
