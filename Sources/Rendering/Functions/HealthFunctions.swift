import TextTemplate

/// `healthy` and `health`: what `[[template.health_check]]` found out about keys.
enum HealthFunctions {
    static let table: [String: Function] = [
        "healthy": Function([.string]) { (arguments) throws(FunctionError) in
            .bool(try record(of: arguments).isUp)
        },
        "health": Function([.string]) { (arguments) throws(FunctionError) in .object(try record(of: arguments)) },
    ]

    private static func record(of arguments: Arguments) throws(FunctionError) -> HealthRecord {
        let key = arguments.string(0)
        // Over trial data (`-mock-data`) nothing is checked.
        if arguments.rendering.missingKeysAreEmpty { return .untried }
        if let record = arguments.rendering.health(ofKey: key) { return record }
        throw FunctionError(.notChecked(key), hint: "a [[template.health_check]] covers the keys that match its `keys`")
    }
}
