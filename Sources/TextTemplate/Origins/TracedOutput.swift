/// What a template wrote, piece by piece, and what it decided on the way.
package struct TracedOutput {
    /// A piece of the output that one instruction wrote.
    package struct Write {
        package internal(set) var bytes: Range<Int>
        /// Whether it is text of the template; what is not is the value of an action.
        package let isText: Bool
        /// Which of the trace's templates wrote it, and the place of the text or of the action there.
        let template: Int
        let offset: Int
        /// What decides the bytes; empty for text.
        package let origins: OriginSet
    }

    /// A decision: which side of an `if`, `with` or `range` was taken, or that a range has one more element.
    package struct Condition {
        /// What was written because of it; empty if the side that was taken writes nothing.
        package internal(set) var bytes: Range<Int>
        package let isElement: Bool
        /// Whether the value was true, or had elements.
        package let isTaken: Bool
        let template: Int
        let offset: Int
        package let origins: OriginSet
        /// What the other side would write, as far as that shows in the program.
        let otherwise: ControlFlow.Side
    }

    package internal(set) var writes: [Write] = []
    package internal(set) var conditions: [Condition] = []

    package init() {}

    /// Adds what an included template wrote at `offset`.
    mutating func append(_ included: TracedOutput, at offset: Int) {
        for var write in included.writes {
            write.bytes = write.bytes.lowerBound + offset..<write.bytes.upperBound + offset
            writes.append(write)
        }
        for var condition in included.conditions {
            condition.bytes = condition.bytes.lowerBound + offset..<condition.bytes.upperBound + offset
            conditions.append(condition)
        }
    }
}

extension TracedOutput.Condition {
    /// Whether `line` of `output`, without its line break, would differ if the decision were another. Lines before and after
    /// what was written because of it do not differ if they stay lines of their own.
    func decides(_ line: Range<Int>, of output: [UInt8]) -> Bool {
        let newline = UInt8(ascii: "\n")
        if bytes.upperBound < line.lowerBound || bytes.lowerBound > line.upperBound { return false }
        if bytes.isEmpty && !otherwise.writes { return false }
        // What would stand before the line, or follow it?
        if bytes.upperBound == line.lowerBound {
            let staysLine =
                otherwise.writes
                ? otherwise.endsLine : bytes.lowerBound == 0 || output[bytes.lowerBound - 1] == newline
            if staysLine || bytes.lowerBound < line.upperBound { return !staysLine }
        }
        if bytes.lowerBound == line.upperBound {
            let staysLine =
                otherwise.writes
                ? otherwise.startsLine : bytes.upperBound == output.count || output[bytes.upperBound] == newline
            return !staysLine
        }
        return true
    }
}
