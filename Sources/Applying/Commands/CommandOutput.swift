/// The output of a command: its first bytes, and the count of the bytes after them.
struct CommandOutput {
    /// Lines of two bytes would make 32,000 log lines.
    private static let lineLimit = 1_000

    private let limit: Int
    private var lines = 0
    private(set) var kept: [UInt8] = []
    private(set) var dropped = 0
    /// The start of the line that is not complete yet.
    private var lineStart = 0

    init(limit: Int) { self.limit = limit }

    /// Takes the next bytes and hands the lines that they complete to `line`.
    mutating func add(_ bytes: UnsafeRawBufferPointer, _ line: (ArraySlice<UInt8>) -> Void) {
        let end = kept.count
        kept += fitting(bytes)
        dropped += bytes.count - (kept.count - end)
        for index in end..<kept.count where kept[index] == UInt8(ascii: "\n") {
            line(kept[lineStart..<index])
            lineStart = index + 1
        }
    }

    /// As much of the beginning of `bytes` as is kept.
    private mutating func fitting(_ bytes: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
        let fitting = bytes.prefix(lines < Self.lineLimit ? limit - kept.count : 0)
        for index in fitting.indices where fitting[index] == UInt8(ascii: "\n") {
            lines += 1
            if lines == Self.lineLimit { return fitting[...index] }
        }
        return fitting
    }

    /// Hands a last line without a line feed on.
    mutating func finish(_ line: (ArraySlice<UInt8>) -> Void) {
        if lineStart < kept.count { line(kept[lineStart...]) }
        lineStart = kept.count
    }
}
