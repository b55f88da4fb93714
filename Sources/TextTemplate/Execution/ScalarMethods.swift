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
            Function([.int, .int], unusable: "function Swap has 0 return values; should be 1 or 2")
        default: nil
        }
    }

    private func key(_ index: Int) throws(FunctionError) -> ByteString {
        guard index >= 0 else { throw FunctionError("runtime error: index out of range [\(index)]") }
        guard index < count else {
            throw FunctionError("runtime error: index out of range [\(index)] with length \(count)")
        }
        guard case .object(let object) = self[index], let pair = object.asPair else { return ByteString() }
        return pair.key
    }
}

extension Value.Integer {
    fileprivate func method(_ name: ByteString) -> Function? {
        switch kind {
        case .duration: durationMethod(name)
        case .month: name == "String" ? constant(.string(ByteString(Calendar.monthText(value)))) : nil
        case .weekday: name == "String" ? constant(.string(ByteString(Calendar.weekdayText(value)))) : nil
        case .int64, .int32, .uint8, .uint16: nil
        }
    }

    private func durationMethod(_ name: ByteString) -> Function? {
        switch name {
        case "String": constant(.string(ByteString(TimeSpan.text(value))))
        case "Nanoseconds": constant(.integer(Value.Integer(.int64, value)))
        case "Microseconds": constant(.integer(Value.Integer(.int64, value / TimeSpan.microsecond)))
        case "Milliseconds": constant(.integer(Value.Integer(.int64, value / TimeSpan.millisecond)))
        case "Seconds": constant(.float(inUnits(TimeSpan.second)))
        case "Minutes": constant(.float(inUnits(TimeSpan.minute)))
        case "Hours": constant(.float(inUnits(TimeSpan.hour)))
        case "Abs":
            constant(.integer(Value.Integer(.duration, value >= 0 ? value : value == .min ? .max : -value)))
        case "Truncate":
            Function([.duration]) { arguments throws(FunctionError) in
                let unit = arguments.int(0)
                return .integer(Value.Integer(.duration, unit <= 0 ? value : value - value % unit))
            }
        case "Round":
            Function([.duration]) { arguments throws(FunctionError) in
                .integer(Value.Integer(.duration, rounded(to: arguments.int(0))))
            }
        default: nil
        }
    }

    private func constant(_ result: Value) -> Function {
        Function([]) { _ throws(FunctionError) in result }
    }

    /// The duration in units, added up as Go does: whole units and the rest apart.
    private func inUnits(_ unit: Int) -> Double { Double(value / unit) + Double(value % unit) / Double(unit) }

    /// To the nearest multiple of `unit`, halves away from zero; what does not fit stops at the ends.
    private func rounded(to unit: Int) -> Int {
        guard unit > 0 else { return value }
        let rest = value % unit
        let magnitude = rest.magnitude
        if magnitude < UInt(unit) - magnitude { return value - rest }
        let (result, overflow) = (value - rest).addingReportingOverflow(value < 0 ? -unit : unit)
        return overflow ? (value < 0 ? .min : .max) : result
    }
}
