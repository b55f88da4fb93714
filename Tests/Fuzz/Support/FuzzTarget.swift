/// A target of the fuzzer: each file of `Targets` declares one, called `Target`, and is built into one program.
protocol FuzzTarget {
    /// Works on one input and traps if an invariant does not hold.
    static func run(_ input: UnsafeBufferPointer<UInt8>)

    /// Only the work whose time must grow with the input's length, for the test of growth.
    static func work(_ input: UnsafeBufferPointer<UInt8>)

    /// Inputs that can be made of any length.
    static var pumps: [Pump] { get }
}

/// Traps, so that the fuzzer keeps the input, unless `condition` holds.
func check(_ condition: Bool, _ claim: @autoclosure () -> String) {
    if !condition { fatalError("does not hold: \(claim())") }
}

/// A family of inputs: a beginning, a part that is repeated, an end.
struct Pump: Sendable {
    let name: String
    private let prefix: [UInt8]
    private let unit: @Sendable (Int) -> [UInt8]
    private let suffix: [UInt8]

    /// `unit` is given the number of the repetition.
    init(_ name: String, _ prefix: String = "", suffix: String = "", unit: @escaping @Sendable (Int) -> String) {
        self.name = name
        self.prefix = Array(prefix.utf8)
        self.unit = { Array(unit($0).utf8) }
        self.suffix = Array(suffix.utf8)
    }

    /// `seed` with a part of it repeated.
    init(_ name: String, repeating range: Range<Int>, of seed: [UInt8]) {
        self.name = name
        prefix = Array(seed[..<range.lowerBound])
        let unit = Array(seed[range])
        self.unit = { _ in unit }
        suffix = Array(seed[range.upperBound...])
    }

    /// An input of at least `count` bytes.
    func input(_ count: Int) -> [UInt8] {
        var bytes = prefix
        var repetition = 0
        while bytes.count + suffix.count < count {
            bytes += unit(repetition)
            repetition += 1
        }
        return bytes + suffix
    }
}

/// Makes values of the bytes of an input; zeros when there are no more.
struct ByteReader {
    private var rest: UnsafeBufferPointer<UInt8>.SubSequence

    init(_ input: UnsafeBufferPointer<UInt8>) { rest = input[...] }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func integer() -> Int {
        Int(truncatingIfNeeded: (0..<8).reduce(into: UInt64(0)) { value, _ in value = value << 8 | UInt64(byte()) })
    }

    /// The next `count` bytes, fewer at the end.
    mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// All bytes that are left.
    mutating func remainder() -> UnsafeBufferPointer<UInt8> {
        defer { rest = rest.suffix(0) }
        return UnsafeBufferPointer(rebasing: rest)
    }
}
