/// The functions that every template has.
enum Builtin: String, CaseIterable, BitwiseCopyable, Sendable {
    case and, call, html, index, slice, js, len, not, or, print, printf, println, urlquery
    case eq, ge, gt, le, lt, ne

    /// The types of the required arguments.
    var fixed: [ParameterType] {
        switch self {
        case .and, .or, .call, .index, .slice, .len, .not, .eq: [.value]
        case .ge, .gt, .le, .lt, .ne: [.value, .value]
        case .printf: [.string]
        case .html, .js, .print, .println, .urlquery: []
        }
    }

    /// The type of further arguments, nil if none are allowed.
    var variadic: ParameterType? {
        switch self {
        case .and, .or, .call, .index, .eq: .value
        case .slice: .index
        case .html, .js, .print, .printf, .println, .urlquery: .any
        case .len, .not, .ge, .gt, .le, .lt, .ne: nil
        }
    }

    /// Whether the result is text that can be appended to the output as it is built.
    var formatsText: Bool {
        switch self {
        case .html, .js, .print, .printf, .println, .urlquery: true
        default: false
        }
    }
}

extension Builtin {
    /// The type of the argument at `index`; any type for an argument too many.
    func expected(at index: Int) -> ParameterType { index < fixed.count ? fixed[index] : variadic ?? .value }

    /// The problem with this number of arguments, nil if there is none.
    func countProblem(name: ByteString, arguments: Int, hasFinal: Bool) -> Problem? {
        Function.countProblem(
            name: name, fixed: fixed.count, isVariadic: variadic != nil, arguments: arguments, hasFinal: hasFinal)
    }
}

extension Function {
    func expected(at index: Int) -> ParameterType {
        if index < parameters.count { return ParameterType(parameters[index]) }
        return variadic.map(ParameterType.init) ?? .value
    }

    /// The problem with a call, nil if there is none: its number of arguments, or a function without a single result.
    func countProblem(name: ByteString, arguments: Int, hasFinal: Bool) -> Problem? {
        Function.countProblem(
            name: name, fixed: parameters.count, isVariadic: variadic != nil, arguments: arguments, hasFinal: hasFinal)
            ?? resultProblem(name)
    }

    /// Go calls functions with one result, or with one and an error.
    private func resultProblem(_ name: ByteString) -> Problem? {
        if hasNoResult { return .resultCount(function: name, count: 0) }
        return switch refusedResults.count {
        case 0: nil
        case 2: .secondResult(function: name, type: refusedResults[1])
        default: .resultCount(function: name, count: refusedResults.count)
        }
    }

    fileprivate static func countProblem(
        name: ByteString, fixed: Int, isVariadic: Bool, arguments: Int, hasFinal: Bool
    ) -> Problem? {
        let count = arguments + (hasFinal ? 1 : 0)
        if isVariadic {
            // Go leaves the result of the previous command out of the count that it shows.
            return count < fixed ? .tooFewArguments(function: name, want: fixed, got: arguments) : nil
        }
        return count == fixed ? nil : .wrongCount(function: name, want: fixed, got: count)
    }
}
