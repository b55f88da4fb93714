/// Entries on their way to the sink, in their order.
struct LogQueue {
    /// Those that were taken are empty until the others are moved to their places.
    private(set) var slots: [[UInt8]] = []
    private var taken = 0

    /// How many entries there are.
    var count: Int { slots.count - taken }

    mutating func add(_ entry: [UInt8]) { slots.append(entry) }

    /// The oldest entry; nil if there is none.
    mutating func take() -> [UInt8]? {
        guard taken < slots.count else { return nil }
        let entry = slots[taken]
        slots[taken] = []
        taken += 1
        // At most as many are moved as were taken.
        if taken * 2 >= slots.count {
            slots.removeFirst(taken)
            taken = 0
        }
        return entry
    }
}
