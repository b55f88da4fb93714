/// Iterations.
extension Executor {
    /// Begins an iteration over the value on top, with its first element. Returns the address to continue at.
    mutating func startRange(_ plan: RangePlan) throws(Problem) -> UInt32 {
        let value = pop()
        guard let iteration = try iteration(over: value, plan), iteration.count > 0 else {
            setAll(plan, value)
            return plan.otherwise
        }
        iterations.append(iteration)
        _ = try nextElement(plan)
        return plan.body
    }

    private func iteration(over value: Value, _ plan: RangePlan) throws(Problem) -> Iteration? {
        switch value {
        case .invalid, .nilInterface: return nil
        case .slice(let slice): return Iteration(slice)
        case .map(let map): return Iteration(value, count: map.count)
        case .int(let count): return try integers(count, value, plan)
        case .integer(let integer): return try integers(integer.value, value, plan)
        case .bool, .float, .complex, .string, .pair, .object: throw .notIterable(text(of: value))
        }
    }

    private func integers(
        _ count: Int, _ value: Value, _ plan: RangePlan
    ) throws(Problem) -> Iteration {
        if plan.hasIndex { throw .rangeOverOneVariable(text(of: value)) }
        return Iteration(value, count: max(0, count))
    }

    private func text(of value: Value) -> ByteString {
        let message: Message = "\(value: value)"
        return message.byteString
    }

    /// Gives variables the value that is iterated over, as Go does before it looks for elements.
    private mutating func setAll(_ plan: RangePlan, _ value: Value) {
        guard case .declare(let index, let element) = plan.variables else { return }
        if let index { set(index, value) }
        set(element, value)
    }

    /// Sets the cursor and the variables to the next element; ends the iteration if there is none.
    @inline(__always)
    mutating func nextElement(_ plan: RangePlan) throws(Problem) -> Bool {
        try tick()
        let last = iterations.count - 1
        let position = iterations[last].next
        guard position < iterations[last].count else {
            iterations.removeLast()
            return false
        }
        iterations[last].next = position + 1
        for slot in plan.undeclaredStart..<plan.undeclaredEnd { self.slot(slot).pointee.isDeclared = false }
        if let storage = iterations[last].storage {
            let index = iterations[last].offset + position
            let isBoxed = iterations[last].isBoxed
            guard let target = try target(plan, index: .int(position)) else { return true }
            if let element = storage._withUnsafeGuaranteedRef({ $0.address(of: index) }) {
                set(target, copying: element, isBoxed: isBoxed)
            } else {
                set(target, storage._withUnsafeGuaranteedRef { $0[index] }, isBoxed: isBoxed)
            }
            setDot(plan, from: target)
            return true
        }
        switch iterations[last].source {
        case .map(let map):
            let (key, value) = map[position]
            try setElement(plan, value, isBoxed: true, index: .string(key))
        case .integer(let integer):
            let element = Value.Integer(integer.kind, position)
            try setElement(plan, .integer(element), isBoxed: false, index: .invalid)
        case .int, .invalid, .nilInterface, .bool, .float, .complex, .string, .slice, .pair, .object:
            try setElement(plan, .int(position), isBoxed: false, index: .invalid)
        }
        return true
    }

    private mutating func setElement(
        _ plan: RangePlan, _ value: Value, isBoxed: Bool, index: Value
    ) throws(Problem) {
        guard let target = try target(plan, index: index) else { return }
        set(target, value, isBoxed: isBoxed)
        setDot(plan, from: target)
    }

    /// Sets the index variable; returns the slot for the element, nil if nothing reads it.
    @inline(__always)
    private mutating func target(_ plan: RangePlan, index: @autoclosure () -> Value) throws(Problem) -> UInt32? {
        switch plan.variables {
        case .none: return plan.dotSlot
        case .declare(let indexSlot, let elementSlot):
            if let indexSlot { set(indexSlot, index()) }
            return elementSlot
        case .assign(let indexReference, let elementReference):
            if let indexReference { set(try declaredSlot(indexReference), index()) }
            return try declaredSlot(elementReference)
        }
    }

    /// Makes the cursor the element, which was put into a slot.
    @inline(__always)
    private mutating func setDot(_ plan: RangePlan, from target: UInt32) {
        guard let dotSlot = plan.dotSlot, dotSlot != target else { return }
        set(dotSlot, copying: valueAddress(target), isBoxed: slot(target).pointee.isBoxed)
    }
}
