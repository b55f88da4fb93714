import TextTemplate

/// `fail` and `required`: errors that a template's author words. Neither fails in a trial, where all keys are empty; Helm's
/// lint does the same.
///
/// The message is shown as it is, also where it has data: its author chose to show it.
enum FailureFunctions {
    static let table: [String: Function] = [
        "fail": Function([.string]) { (arguments) throws(FunctionError) in try fail(arguments) },
        "required": Function([.string, .any]) { (arguments) throws(FunctionError) in
            switch arguments[1] {
            case .invalid, .nilInterface: try fail(arguments)
            case .string(let text) where text.isEmpty: try fail(arguments)
            default: arguments[1]
            }
        },
    ]

    /// Throws the first argument as an error; gives the empty text in a trial.
    private static func fail(_ arguments: Arguments) throws(FunctionError) -> Value {
        if arguments.rendering.missingKeysAreEmpty { return .string(ByteString()) }
        // A copy, because the message may be a part of the snapshot, which the error outlives.
        throw FunctionError(ByteString(arguments.string(0).array))
    }
}
