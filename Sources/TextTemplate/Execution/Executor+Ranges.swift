/// Iterations.
extension Executor {
    /// Begins an iteration over the value on top, with its first element. Gives where to go on.
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
            let element = storage._withUnsafeGuaranteedRef { [offset = iterations[last].offset] in $0[offset + position]
            }
            return try setElement(plan, element, isBoxed: iterations[last].isBoxed, index: .int(position))
        }
        switch iterations[last].source {
        case .map(let map):
            let (key, value) = map[position]
            return try setElement(plan, value, isBoxed: true, index: .string(key))
        case .integer(let integer):
            let element = Value.Integer(integer.kind, position)
            return try setElement(plan, .integer(element), isBoxed: false, index: .invalid)
        case .int, .invalid, .nilInterface, .bool, .float, .complex, .string, .slice, .pair, .object:
            return try setElement(plan, .int(position), isBoxed: false, index: .invalid)
        }
    }

    /// Gives the cursor and the variables their values; true, for there is an element.
    @inline(__always)
    private mutating func setElement(
        _ plan: RangePlan, _ value: Value, isBoxed: Bool, index: @autoclosure () -> Value
    ) throws(Problem) -> Bool {
        switch plan.variables {
        case .none: break
        case .declare(let indexSlot, let elementSlot):
            if let indexSlot { set(indexSlot, index()) }
            set(elementSlot, value, isBoxed: isBoxed)
        case .assign(let indexReference, let elementReference):
            if let indexReference { set(try declaredSlot(indexReference), index()) }
            set(try declaredSlot(elementReference), value, isBoxed: isBoxed)
        }
        set(plan.dotSlot, value, isBoxed: isBoxed)
        return true
    }
}
