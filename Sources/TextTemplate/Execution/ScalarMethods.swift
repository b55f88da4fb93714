/// The methods of values that are neither objects nor maps: `memkv.KVPairs`, `time.Duration`,
/// `time.Month`, `time.Weekday`.
extension Value {
    /// The method of that name, bound to this value; nil if there is none.
    func scalarMethod(_ name: ByteString) -> Function? {
        switch self {
        case .slice(let slice) where slice.element == .pairs: slice.pairsMethod(name)
        case .integer(let integer): integer.method(name)
        default: nil
        }
    }
}

extension Slice {
    /// `sort.Interface`, which `memkv.KVPairs` implements.
    fileprivate func pairsMethod(_ name: ByteString) -> Function? {
        switch name {
        case "Len":
            Function([]) { _ throws(FunctionError) in .int(count) }
        case "Less":
            Function([.int, .int]) { arguments throws(FunctionError) in
                .bool(try key(arguments.int(0)) < key(arguments.int(1)))
            }
        case "Swap":
            Function(withoutResult: [.int, .int])
        default: nil
        }
    }

    private func key(_ index: Int) throws(FunctionError) -> ByteString {
        guard index >= 0 else { throw FunctionError("runtime error: index out of range [\(index)]") }
        guard index < count else {
            throw FunctionError("runtime error: index out of range [\(index)] with length \(count)")
        }
        guard case .pair(let pair) = self[index] else { return ByteString() }
        return pair.key
    }
}
