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
    let programCounter: Int
    let slotBase: Int
}

/// An iteration of a range.
struct Iteration {
    enum Source {
        case integers(kind: Value.Integer.Kind?)
        case slice(Slice)
        case map(Map)
    }

    let source: Source
    let count: Int
    var next = 0
}

/// A method that is being called, while its arguments are evaluated.
struct ActiveMethod {
    let function: Function
    let name: ByteString
}

extension Slice.Element {
    /// Whether Go's elements are interfaces.
    var isInterface: Bool { self == .any }
}
