/// `len`, `index` and `slice`.
enum Collections {
    static func length(_ value: Value) throws(FunctionError) -> Int {
        switch value {
        case .string(let text): return text.count
        case .slice(let slice): return slice.count
        case .map(let map): return map.count
        case .nilInterface: throw FunctionError("len of nil pointer")
        // Go panics here, and shows the panic.
        case .invalid: throw FunctionError("reflect: call of reflect.Value.Type on zero Value")
        default: throw FunctionError("len of type \(value.pointedTypeName)")
        }
    }

    /// The element of `item` that the indexes lead to, one after the other.
    static func index(_ item: Value, _ indexes: UnsafeBufferPointer<Value>) throws(FunctionError) -> Value {
        if item.isAbsent { throw FunctionError("index of untyped nil") }
        var item = item
        for index in indexes {
            switch item {
            case .string(let text):
                let offset = try offset(index, limit: text.count)
                guard offset < text.count else { throw FunctionError("reflect: string index out of range") }
                item = .integer(Value.Integer(.uint8, Int(text[offset])))
            case .slice(let slice):
                let offset = try offset(index, limit: slice.count)
                guard offset < slice.count else { throw FunctionError("reflect: slice index out of range") }
                item = slice[offset]
            case .map(let map):
                guard case .string(let key) = index else {
                    throw FunctionError(
                        index.isAbsent
                            ? "value is nil; should be of type string"
                            : "value has type \(Format.typeName(index)); should be string")
                }
                item = map[key] ?? .nilInterface
            case .nilInterface, .invalid:
                throw FunctionError("index of nil pointer")
            default:
                throw FunctionError("can't index item of type \(item.pointedTypeName)")
            }
        }
        return item
    }

    static func slice(_ item: Value, _ indexes: UnsafeBufferPointer<Value>) throws(FunctionError) -> Value {
        if item.isAbsent { throw FunctionError("slice of untyped nil") }
        guard indexes.count <= 3 else { throw FunctionError("too many slice indexes: \(indexes.count)") }
        let bounds: (count: Int, capacity: Int)
        switch item {
        case .string(let text):
            if indexes.count == 3 { throw FunctionError("cannot 3-index slice a string") }
            bounds = (text.count, text.count)
        case .slice(let slice): bounds = (slice.count, slice.capacity)
        default: throw FunctionError("can't slice item of type \(item.pointedTypeName)")
        }
        var ends = [0, bounds.count, bounds.capacity]
        for (position, index) in indexes.enumerated() { ends[position] = try offset(index, limit: bounds.capacity) }
        guard ends[0] <= ends[1] else { throw FunctionError("invalid slice index: \(ends[0]) > \(ends[1])") }
        guard ends[1] <= ends[2] else { throw FunctionError("invalid slice index: \(ends[1]) > \(ends[2])") }
        return switch item {
        case .string(let text): .string(text[ends[0]..<ends[1]])
        case .slice(let slice): .slice(slice.window(ends[0]..<ends[1], capacity: ends[2] - ends[0]))
        default: item
        }
    }

    /// `index` as an offset of 0 to `limit`, the limit included: Go lets it pass, and panics later.
    private static func offset(_ index: Value, limit: Int) throws(FunctionError) -> Int {
        guard let offset = index.integer else {
            throw FunctionError(
                index.isAbsent
                    ? "cannot index slice/array with nil"
                    : "cannot index slice/array with type \(Format.typeName(index))")
        }
        guard offset >= 0 && offset <= limit else { throw FunctionError("index out of range: \(offset)") }
        return offset
    }
}

extension Value {
    /// The name of the type, of what a pointer points at.
    fileprivate var pointedTypeName: String {
        let name = Format.typeName(self)
        return name.hasPrefix("*") ? String(name.dropFirst()) : name
    }
}
