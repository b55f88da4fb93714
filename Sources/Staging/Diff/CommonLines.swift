/// The whole lines that two texts begin and end with, which need not be compared one by one.
package struct CommonLines {
    /// The bytes of the common beginning.
    package let start: Int
    /// Its lines.
    let startLines: Int
    /// The bytes of the common end, which does not overlap the beginning. A last line without a newline equals only another
    /// one without it.
    package let end: Int

    package init(_ old: UnsafeBufferPointer<UInt8>, _ new: UnsafeBufferPointer<UInt8>) {
        (start, startLines) = Self.start(old, new)
        end = Self.end(old, new, after: start)
    }

    private static let newline = UInt8(ascii: "\n")

    private static func start(
        _ old: UnsafeBufferPointer<UInt8>, _ new: UnsafeBufferPointer<UInt8>
    ) -> (bytes: Int, lines: Int) {
        let limit = min(old.count, new.count)
        var index = 0
        var bytes = 0
        var lines = 0
        while index < limit, old[index] == new[index] {
            index += 1
            if old[index - 1] == newline {
                bytes = index
                lines += 1
            }
        }
        return (bytes, lines)
    }

    private static func end(
        _ old: UnsafeBufferPointer<UInt8>, _ new: UnsafeBufferPointer<UInt8>, after start: Int
    ) -> Int {
        if old.count == start || new.count == start { return 0 }
        let limit = min(old.count, new.count) - start
        var length = 0
        var whole = 0
        while length < limit, old[old.count - 1 - length] == new[new.count - 1 - length] {
            length += 1
            let oldBegins = length == old.count - start || old[old.count - 1 - length] == newline
            let newBegins = length == new.count - start || new[new.count - 1 - length] == newline
            if oldBegins && newBegins { whole = length }
        }
        return whole
    }
}
