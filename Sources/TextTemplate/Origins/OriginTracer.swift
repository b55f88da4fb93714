/// Notes in an `OriginTrace` where the bytes of an output come from. Called before each instruction, it mirrors the executor's
/// stack and slots with the provenance of each value.
struct OriginTracer: ExecutionTracer {
    let trace: OriginTrace
    private let template: Int
    private var flow: ControlFlow
    private(set) var output = TracedOutput()

    /// As the executor's own, the innermost last.
    var stack: [Provenance] = []
    private var slots: [Provenance] = []
    private var slotBase = 0
    private var frames: [Int] = []
    private var iterations: [TracedIteration] = []
    var methods: [Provenance] = []

    /// The decisions whose sides have not met yet.
    private var open: [OpenCondition] = []
    /// The arguments of `and` and `or` that were passed over, up to where the value is known.
    private var passedOver: [PassedOver] = []

    /// The instruction that is being executed.
    private var current: Int?
    /// The size of the output before the current instruction, and before the template.
    private var start = 0
    private var base = 0
    /// The arguments of the function that it calls.
    private(set) var arguments: [Value] = []
    private var identities: [[ElementIdentity]] = []

    struct OpenCondition {
        let condition: Int
        let depth: Int
        /// Where the sides meet.
        let end: Int?
        let origins: OriginSet
        /// The origins of this one and those around it, of the same template.
        let all: OriginSet
        /// The slots that either side may set.
        let slots: Set<UInt32>
    }

    private struct PassedOver {
        let target: Int
        let depth: Int
        let origins: OriginSet
    }

    init(_ trace: OriginTrace, _ program: Program, template: Int, dot: Provenance) {
        self.trace = trace
        self.template = template
        flow = ControlFlow(program)
        stack = [dot]
    }

    mutating func step(_ address: Int, _ executor: borrowing Executor) {
        if let current {
            complete(executor.program.code[current], at: current, next: address, executor)
        } else {
            base = executor.writtenCount
            enter(executor.body, stack.removeLast(), executor)
        }
        while let last = passedOver.last, last.depth == frames.count, address >= last.target {
            passedOver.removeLast()
            if let top = stack.popLast() { stack.append(trace.adding(last.origins, to: top)) }
        }
        while let last = open.last, last.depth == frames.count, last.end == address { close(executor) }
        prepare(executor.program.code[address], executor)
        current = address
        start = executor.writtenCount - base
    }

    /// Saves the values that the instruction is going to consume.
    private mutating func prepare(_ instruction: Instruction, _ executor: borrowing Executor) {
        arguments = []
        switch instruction {
        case .call(let call, let count):
            arguments = Array(executor.arguments(Int(count)))
            trace.arguments = Array(stack.suffix(Int(count)))
            identities = isRearranging(executor.tables.calls[Int(call)], executor) ? elementIdentities() : []
        case .callBuiltin(_, let count): arguments = Array(executor.arguments(Int(count)))
        case .finish where frames.isEmpty: trace.output = output
        default: break
        }
    }

    // MARK: - What an instruction did

    private mutating func complete(
        _ instruction: Instruction, at address: Int, next: Int, _ executor: borrowing Executor
    ) {
        switch instruction {
        case .text(let source, _): note(.none, isText: true, at: Int(source), executor)
        case .print: noteValue(pop(), executor)
        case .printSlot(let slot, _): noteValue(self[slot], executor)
        case .printFields(let path): noteValue(fields(executor.tables.paths[Int(path)], executor), executor)
        case .printFormatted(_, let count):
            note(everything(inTop: Int(count)), isText: false, at: nil, executor)
            stack.removeLast(Int(count))
        case .discard, .removeBelow: completeOperand(instruction, executor)

        case .jump, .checkTemplate, .at, .convert, .methodArgument, .fail: break
        case .jumpUnlessTrue(let target):
            decide(trace.truth(of: pop()), at: address, isTaken: next != Int(target), executor)
        case .enterWith(let slot, let target):
            let value = pop()
            decide(trace.truth(of: value), at: address, isTaken: next != Int(target), executor)
            if next != Int(target) { self[slot] = value }
        case .startRange(let range): startRange(executor.tables.ranges[Int(range)], at: address, next: next, executor)
        case .nextRange(let range):
            endElement(executor)
            if next == Int(executor.tables.ranges[Int(range)].body) {
                beginElement(executor.tables.ranges[Int(range)], executor)
            } else {
                iterations.removeLast()
            }
        case .leaveRange:
            endElement(executor)
            iterations.removeLast()
        case .callTemplate:
            frames.append(slotBase)
            enter(executor.body, pop(), executor)
        case .finish:
            while let last = open.last, last.depth == frames.count { close(executor) }
            slots.removeLast(slots.count - slotBase)
            slotBase = frames.removeLast()

        case .shortCircuit(_, let target):
            if next == Int(target) { break }
            let origins = trace.truth(of: pop())
            passedOver.append(PassedOver(target: Int(target), depth: frames.count, origins: origins))
        default: completeOperand(instruction, executor)
        }
    }

    private mutating func enter(_ body: Int, _ dot: Provenance, _ executor: borrowing Executor) {
        slotBase = slots.count
        slots += Array(repeating: Provenance(), count: executor.program.bodies[body].slotCount)
        slots[slotBase + ReservedSlot.root] = dot
        slots[slotBase + ReservedSlot.dot] = dot
    }

    // MARK: - Values

    mutating func pop() -> Provenance { stack.removeLast() }

    subscript(slot: UInt32) -> Provenance {
        get { slots[slotBase + Int(slot)] }
        set { slots[slotBase + Int(slot)] = newValue }
    }

    /// Gives a variable a value that depends on the decisions around the assignment too.
    mutating func assign(_ slot: UInt32, _ value: Provenance) {
        self[slot] = trace.adding(decided, to: value)
    }

    /// What decided that this place of the template is reached.
    private var decided: OriginSet {
        var sets: [OriginSet] = []
        if let last = open.last, last.depth == frames.count { sets.append(last.all) }
        if let last = iterations.last, last.depth == frames.count { sets.append(last.decided) }
        for passed in passedOver where passed.depth == frames.count { sets.append(passed.origins) }
        return trace.union(sets)
    }

    func everything(inTop count: Int) -> OriginSet {
        trace.union(stack.suffix(count).map { trace.everything(in: $0) })
    }

    func fields(_ path: FieldPath, _ executor: borrowing Executor) -> Provenance {
        follow(path.names, from: self[path.slot], executor)
    }

    func follow(_ names: Range<Int>, from start: Provenance, _ executor: borrowing Executor) -> Provenance {
        names.reduce(start) { trace.member(executor.tables.fieldNames[$1].name, of: $0) }
    }

    // MARK: - Output

    private mutating func noteValue(_ value: Provenance, _ executor: borrowing Executor) {
        switch value.parts {
        case .output(let included): output.append(included, at: start)
        case .newLine where executor.writtenCount - base > start:
            note(start..<start + 1, .none, isText: false, at: place(executor))
            note(start + 1..<executor.writtenCount - base, value.own, isText: false, at: place(executor))
        default: note(trace.everything(in: value), isText: false, at: nil, executor)
        }
    }

    /// Notes a piece of the output; `offset` is the text's in the source, nil where the current node is meant.
    private mutating func note(
        _ origins: OriginSet, isText: Bool, at offset: Int?, _ executor: borrowing Executor
    ) {
        note(start..<executor.writtenCount - base, origins, isText: isText, at: offset ?? place(executor))
    }

    private mutating func note(_ bytes: Range<Int>, _ origins: OriginSet, isText: Bool, at offset: Int) {
        if bytes.isEmpty && origins.isEmpty { return }
        output.writes.append(
            TracedOutput.Write(
                bytes: bytes, isText: isText, template: template, offset: offset,
                origins: origins))
    }

    private func place(_ executor: borrowing Executor) -> Int {
        let node = executor.currentNode
        return node == Program.noNode ? 0 : Int(executor.program.nodes[Int(node)].position)
    }

    // MARK: - Decisions

    private mutating func decide(
        _ origins: OriginSet, at address: Int, isTaken: Bool, _ executor: borrowing Executor
    ) {
        let other = ControlFlow.successors(of: address, in: executor.program).first { $0 != address + 1 } ?? address + 1
        let sides = [flow.side(of: address, from: address + 1), flow.side(of: address, from: other)]
        let offset = executor.writtenCount - base
        output.conditions.append(
            TracedOutput.Condition(
                bytes: offset..<offset, isElement: false, isTaken: isTaken, template: template,
                offset: place(executor), origins: origins, otherwise: sides[isTaken ? 1 : 0]))
        let around = open.last.map { $0.depth == frames.count ? $0.all : .none } ?? .none
        open.append(
            OpenCondition(
                condition: output.conditions.count - 1, depth: frames.count, end: flow.meeting(of: address),
                origins: origins, all: trace.union([around, origins]), slots: sides[0].slots.union(sides[1].slots)))
    }

    /// Ends the innermost decision. What either side may have set depends on it from here on.
    private mutating func close(_ executor: borrowing Executor) {
        let last = open.removeLast()
        end(last.condition, executor)
        if last.origins.isEmpty { return }
        for slot in last.slots { self[slot] = trace.adding(last.origins, to: self[slot]) }
    }

    private mutating func end(_ condition: Int, _ executor: borrowing Executor) {
        let start = output.conditions[condition].bytes.lowerBound
        output.conditions[condition].bytes = start..<executor.writtenCount - base
    }

    // MARK: - Ranges

    private mutating func startRange(_ plan: RangePlan, at address: Int, next: Int, _ executor: borrowing Executor) {
        let value = pop()
        let isTaken = next != Int(plan.otherwise)
        let origins = isTaken ? value.own : trace.everything(in: value)
        decide(origins, at: address, isTaken: isTaken, executor)
        guard isTaken else {
            guard case .declare(let index, let element) = plan.variables else { return }
            if let index { self[index] = value }
            self[element] = value
            return
        }
        let around = iterations.last.map { $0.depth == frames.count ? $0.decided : .none } ?? .none
        iterations.append(TracedIteration(over: value, depth: frames.count, around: around, offset: place(executor)))
        beginElement(plan, executor)
    }

    private mutating func beginElement(_ plan: RangePlan, _ executor: borrowing Executor) {
        guard let iteration = executor.iterations.last, let last = iterations.indices.last else { return }
        let (index, element) = iterations[last].advance(to: iteration, trace)
        setVariables(plan, index, element, executor)
        let offset = executor.writtenCount - base
        output.conditions.append(
            TracedOutput.Condition(
                bytes: offset..<offset, isElement: true, isTaken: true, template: template,
                offset: iterations[last].offset, origins: trace.everything(in: element),
                otherwise: ControlFlow.Side()))
        iterations[last].condition = output.conditions.count - 1
    }

    private mutating func endElement(_ executor: borrowing Executor) {
        if let condition = iterations.last?.condition { end(condition, executor) }
    }

    private mutating func setVariables(
        _ plan: RangePlan, _ index: OriginSet, _ element: Provenance, _ executor: borrowing Executor
    ) {
        if let slot = plan.dotSlot { self[slot] = element }
        switch plan.variables {
        case .none: break
        case .declare(let indexSlot, let elementSlot):
            if let indexSlot { self[indexSlot] = Provenance(index) }
            self[elementSlot] = element
        case .assign(let indexReference, let elementReference):
            if let slot = indexReference.flatMap({ declaredSlot($0, executor) }) { assign(slot, Provenance(index)) }
            if let slot = declaredSlot(elementReference, executor) { assign(slot, element) }
        }
    }

    func declaredSlot(_ reference: UInt32, _ executor: borrowing Executor) -> UInt32? {
        // The instruction has found it, or it would have failed.
        try? executor.declaredSlot(reference)
    }

    // MARK: - Functions that rearrange

    private func isRearranging(_ plan: CallPlan, _ executor: borrowing Executor) -> Bool {
        if case .rearranged? = trace.rules[name(of: plan, executor)] { true } else { false }
    }

    func name(of plan: CallPlan, _ executor: borrowing Executor) -> String {
        let node = executor.program.nodes[Int(plan.name)]
        return executor.program.source[Int(node.start)..<Int(node.end)].text
    }

    private func elementIdentities() -> [[ElementIdentity]] { arguments.map { ElementIdentity.all(in: $0) } }

    /// What a list is made of whose elements are elements of the arguments.
    func rearranged(_ result: Value, _ provenances: [Provenance]) -> Provenance {
        var known: [ElementIdentity: Provenance] = [:]
        var own: [OriginSet] = []
        for (identities, provenance) in zip(identities, provenances) {
            own.append(provenance.own)
            guard case .list = provenance.parts else {
                own.append(trace.everything(in: provenance))
                continue
            }
            for (index, identity) in identities.enumerated() {
                let element = trace.element(index, of: provenance)
                known[identity] = known[identity].map { trace.adding(trace.everything(in: element), to: $0) } ?? element
            }
        }
        guard case .slice = result else { return Provenance(everything(inTop: provenances.count)) }
        let kept = ElementIdentity.all(in: result)
        let elements = kept.map { known[$0] ?? Provenance(everything(inTop: provenances.count)) }
        let list = ListProvenance(elements, isRearranged: true)
        for identity in kept { known[identity] = nil }
        list.leftOut = trace.union(known.values.map { trace.everything(in: $0) })
        // In place: all that refer to the list see the new order too.
        for (argument, provenance) in zip(arguments, provenances) {
            guard case .slice(let old) = argument, case .slice(let new) = result, old.storage === new.storage,
                case .list(let shared) = provenance.parts, shared.elements.count == elements.count
            else { continue }
            shared.elements = elements
            shared.isRearranged = true
        }
        return Provenance(trace.union(own), .list(list))
    }
}

/// A range that is being traced.
struct TracedIteration {
    let value: Provenance
    let depth: Int
    /// The place of the action.
    let offset: Int
    /// Which of the output's conditions the element is.
    var condition: Int?
    /// The origins of the elements so far that decide where the next one is.
    private var before: OriginSet
    private let around: OriginSet
    /// What decides that the current element is there, with the iterations around.
    private(set) var decided: OriginSet = .none

    init(over value: Provenance, depth: Int, around: OriginSet, offset: Int) {
        self.value = value
        self.depth = depth
        self.offset = offset
        self.around = around
        before = value.own
    }

    /// The index and the element that `iteration` is at.
    mutating func advance(to iteration: Iteration, _ trace: OriginTrace) -> (index: OriginSet, element: Provenance) {
        let position = iteration.next - 1
        let element: Provenance
        let index: OriginSet
        switch iteration.source {
        case .map(let map):
            element = trace.member(map[position].key, of: value)
            index = trace.union([value.own, element.own])
        case .slice:
            element = trace.element(position, of: value)
            if case .list(let list) = value.parts, list.isRearranged {
                index = trace.everything(in: value)
            } else {
                index = before
                before = trace.union([before, trace.everything(in: element)])
            }
        default:
            element = Provenance(value.own)
            index = value.own
        }
        decided = trace.union([around, trace.everything(in: element)])
        return (index, element)
    }
}
