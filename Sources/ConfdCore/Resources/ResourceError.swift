import TOML

/// Why a resource file, or one `[template]` of it, cannot be used.
package struct ResourceError: Error, Equatable, Sendable {
    package let file: String
    package let position: TOMLPosition?
    package let message: String
    package let hint: String?

    package init(_ file: String, _ position: TOMLPosition? = nil, _ message: String, hint: String? = nil) {
        self.file = file
        self.position = position
        self.message = message
        self.hint = hint
    }

    /// `path:line:column: message`, and the hint on a line of its own.
    package var text: String {
        let place = position.map { "\(file):\($0.line):\($0.column)" } ?? file
        return "\(place): \(message)" + (hint.map { "\nhint: \($0)" } ?? "")
    }
}
