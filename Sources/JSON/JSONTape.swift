/// The tokens of a document in the order of its text.
package struct JSONTape: RandomAccessCollection, Sendable {
    private let memory: JSONTapeMemory
    package let endIndex: Int

    init(_ memory: JSONTapeMemory, count: Int) {
        self.memory = memory
        endIndex = count
    }

    package var startIndex: Int { 0 }

    package subscript(index: Int) -> JSONToken {
        precondition(index >= 0 && index < endIndex, "index outside of the tape")
        return memory.start[index]
    }
}

/// Memory for tokens, uninitialised: a parser counts those that it has written.
/// Unchecked, because the compiler cannot see that only a document that shares it with no other writes to it.
final class JSONTapeMemory: @unchecked Sendable {
    let start: UnsafeMutablePointer<JSONToken>
    let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        start = .allocate(capacity: capacity)
    }

    deinit { start.deallocate() }
}
