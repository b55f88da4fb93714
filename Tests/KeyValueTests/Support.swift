@testable import KeyValue

/// The bytes of `text` with `body`'s result.
func withBytes<Result, Failure: Error>(
    _ text: String, _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
) throws(Failure) -> Result {
    try withBytes(Array(text.utf8), body)
}

func withBytes<Result, Failure: Error>(
    _ bytes: [UInt8], _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
) throws(Failure) -> Result {
    try bytes.withUnsafeBufferPointer(body)
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

extension Window {
    var text: String { KeyValueTests.text(array) }
}

extension Snapshot {
    /// The keys given, the n-th with the value `vN`.
    init(keys: [String]) {
        self.init(keys.enumerated().map { (Array($1.utf8), Array("v\($0)".utf8)) })
    }

    init(_ pairs: [(String, String)]) {
        self.init(pairs.map { (Array($0.utf8), Array($1.utf8)) })
    }

    var keys: [String] { (0..<count).map { key(at: $0).text } }
    var pairs: [String] { (0..<count).map { key(at: $0).text + "=" + value(at: $0).text } }

    func keys(matching pattern: String) throws(PatternError) -> [String] {
        let ranges = try withBytes(pattern) { bytes throws(PatternError) in try glob(bytes) }
        return ranges.flatMap { $0.map { key(at: $0).text } }
    }

    func find(_ key: String) -> Int? { withBytes(key) { find($0) } }
    func children(of path: String) -> [String] { withBytes(path) { children(of: $0).map(\.text) } }
    func directories(of path: String) -> [String] { withBytes(path) { directories(of: $0).map(\.text) } }
}
