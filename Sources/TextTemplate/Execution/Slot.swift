/// A variable, or a cursor, of a template that is being executed.
struct Slot {
    var value: Value
    /// Whether Go would hold the value in an `interface {}`, as the elements of lists and maps: shows in errors.
    var isBoxed = false
    /// For variables declared under a condition: whether they are.
    var isDeclared = false
}

/// Where to go on after a template that was called.
struct Frame {
    let body: Int
    /// The index of the next instruction.
    let counter: Int
    let slotBase: Int
}

/// An iteration of a range.
struct Iteration {
    let source: Value
    /// The array of a slice, which `source` keeps.
    let storage: Unmanaged<SliceStorage>?
    let offset: Int
    /// Whether Go's elements are interfaces.
    let isBoxed: Bool
    let count: Int
    var next = 0

    init(_ slice: Slice) {
        source = .slice(slice)
        storage = .passUnretained(slice.storage)
        offset = slice.offset
        isBoxed = slice.element == .any
        count = slice.count
    }

    /// An iteration over a map or the numbers up to one.
    init(_ source: Value, count: Int) {
        self.source = source
        storage = nil
        offset = 0
        isBoxed = true
        self.count = count
    }
}

/// A method that is being called, while its arguments are evaluated.
struct ActiveMethod {
    let function: Function
    let name: ByteString
}

extension Value {
    /// Stands for an interface where Go does not look into it.
    static let boxed = Value.object(Boxed())

    private final class Boxed: Object {
        var typeName: String { "interface {}" }
        var fields: [(name: String, value: Value)] { [] }
        func field(_ name: ByteString) -> Value? { nil }
        func method(_ name: ByteString) -> Function? { nil }
        var description: ByteString? { nil }
    }
}
