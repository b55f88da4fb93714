/// A file, or a place in it, that an error is about.
package struct Location: Hashable, Sendable, CustomStringConvertible {
    package let file: String
    /// Counted from 1; nil for the file as a whole.
    package let line: Int?
    /// Counted from 1; what it counts is the file format's choice.
    package let column: Int?

    /// The file as a whole, or a place in it.
    package init(_ file: String, line: Int? = nil, column: Int? = nil) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `path:line:column`.
    package var description: String {
        guard let line, let column else { return file }
        return "\(file):\(line):\(column)"
    }
}
