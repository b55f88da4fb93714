import TextTemplate

/// `datetime`.
enum TimeFunctions {
    static let table: [String: Function] = [
        "datetime": Function([]) { .object($0.rendering.environment.now) }
    ]
}
