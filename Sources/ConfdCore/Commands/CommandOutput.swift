/// What a command wrote: the first bytes, and how many came after them.
struct CommandOutput {
    private let limit: Int
    private(set) var kept: [UInt8] = []
    private(set) var dropped = 0
    /// Where the line starts that is not complete yet.
    private var lineStart = 0

    init(limit: Int) { self.limit = limit }

    /// Takes the next bytes and hands the lines that they complete to `line`.
    mutating func add(_ bytes: UnsafeRawBufferPointer, _ line: (ArraySlice<UInt8>) -> Void) {
        let fitting = bytes.prefix(limit - kept.count)
        dropped += bytes.count - fitting.count
        let end = kept.count
        kept += fitting
        for index in end..<kept.count where kept[index] == UInt8(ascii: "\n") {
            line(kept[lineStart..<index])
            lineStart = index + 1
        }
    }

    /// Hands the last line on if it has no line feed, and says how much is missing.
    mutating func finish(_ line: (ArraySlice<UInt8>) -> Void) {
        if lineStart < kept.count { line(kept[lineStart...]) }
        lineStart = kept.count
        if dropped > 0 { line(ArraySlice("... \(dropped) more bytes of output not shown".utf8)) }
    }
}
