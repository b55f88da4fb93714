/// How far a template may go. Each limit is a named error.
public struct Limits: Sendable {
    /// How deep parentheses nest, Go's `maxStackDepth`.
    public var parenthesesDepth = 10_000
    /// How deep templates call templates, Go's `maxExecDepth`.
    public var callDepth = 100_000
    /// The bytes that a rendering may write, and that any text made on the way may have.
    public var outputSize = 1 << 30
    /// How many bytes the output may reserve beyond what it needs for now, besides a quarter of what is there.
    public var outputReserve = 64 << 20
    /// Asked now and then while a template executes; true ends the rendering. Nil for no limit.
    public var isPastDeadline: (@Sendable () -> Bool)?

    /// The bytes that a source may have.
    static let sourceSize = 1 << 30
    /// How deep lists and maps may hold each other: they are printed, and freed, recursively.
    static let valueDepth = 10_000
    /// How many variables the calls that are open may have in all.
    static let slotCount = 1 << 25

    public init() {}
}
