/// Runs a compiled template.
///
/// Values are moved between slots, the value stack and the output without boxing; the only allocations
/// are those of new texts and lists, and of the stacks when they grow.
struct Executor: ~Copyable {
    let program: Program
    let tables: Program.Tables
    let limits: Limits
    /// The caller's data, which functions find in their arguments.
    let userData: AnyObject?
    var output: [UInt8] = []
    /// The size of the output at which rendering stops.
    private var outputLimit = 0
    /// The end of the output, which is moved there in one piece: most writes are a few bytes.
    private var staged = ByteBuffer(capacity: Executor.stagingSize)
    /// How much may be staged: less than usual near the limit of the output.
    private var stagingRoom = 0
    private static let stagingSize = 8192

    /// The node that errors are reported at, Go's `state.node`.
    var currentNode: UInt32 = Program.noNode
    /// The index of the template that runs.
    var body: Int

    // The value stack: `top` values are initialised.
    private let stack: UnsafeMutablePointer<Value>
    private(set) var top = 0

    // The slots of all frames: `slotEnd` are initialised, the current frame's begin at `slotBase`.
    private var slots: UnsafeMutablePointer<Slot>
    private var slotCapacity: Int
    private var slotBase = 0
    private var slotEnd = 0

    private var frames: [Frame] = []
    var iterations: [Iteration] = []
    var methods: [ActiveMethod] = []
    /// The nodes whose value was nothing where it was written, the first few of them.
    private(set) var absences: [UInt32] = []
    private static let mostAbsences = 16
    /// Where functions build their text; kept to be used again.
    var scratch = ByteBuffer()
    /// Counts calls and iterations up to the next check of the deadline.
    private var ticks = 0

    /// Takes the output piece by piece; nil keeps it all in `output`.
    var sink: ((UnsafeBufferPointer<UInt8>) -> Void)?
    /// The bytes that are handed to the sink at once.
    private static let chunkSize = 65_536

    /// The size from which on the output grows by more than the library lets it grow.
    private static let longOutput = 256 << 10

    /// `body` is the template that rendering begins with.
    init(
        _ program: Program, _ tables: Program.Tables, _ limits: Limits, body: Int, userData: AnyObject?
    ) {
        self.program = program
        self.tables = tables
        self.userData = userData
        self.limits = limits
        self.body = body
        stack = .allocate(capacity: program.bodies.reduce(1) { max($0, $1.stackDepth) })
        slotCapacity = 64
        slots = .allocate(capacity: slotCapacity)
    }

    deinit {
        stack.deinitialize(count: top)
        stack.deallocate()
        slots.deinitialize(count: slotEnd)
        slots.deallocate()
    }

    /// Takes over the buffer to write to, and gives it back.
    mutating func exchangeOutput(_ buffer: inout [UInt8]) {
        flush()
        swap(&output, &buffer)
        outputLimit = output.count + min(limits.outputSize, Int.max - output.count)
        makeRoom()
    }

    // MARK: The value stack

    @inline(__always)
    mutating func push(_ value: consuming Value) {
        (stack + top).initialize(to: value)
        top += 1
    }

    @inline(__always)
    mutating func push(copying value: UnsafePointer<Value>) {
        (stack + top).initialize(copying: value)
        top += 1
    }

    @inline(__always)
    mutating func pop() -> Value {
        top -= 1
        return (stack + top).move()
    }

    /// The value on top of the stack.
    @inline(__always)
    var topValue: Value { stack[top - 1] }

    @inline(__always)
    mutating func replaceTop(_ value: consuming Value) { stack[top - 1] = value }

    /// The values on top of the stack.
    @inline(__always)
    func arguments(_ count: Int) -> UnsafeBufferPointer<Value> {
        UnsafeBufferPointer(start: stack + (top - count), count: count)
    }

    @inline(__always)
    mutating func drop(_ count: Int) {
        for _ in 0..<count {
            top -= 1
            (stack + top).deinitializeInPlace()
        }
    }

    /// The value on top of the stack, in place.
    @inline(__always)
    var topAddress: UnsafeMutablePointer<Value> { stack + (top - 1) }

    /// Moves the value below `count` others to the top.
    mutating func rotate(_ count: Int) {
        let value = (stack + (top - count - 1)).move()
        (stack + (top - count - 1)).moveInitialize(from: stack + (top - count), count: count)
        (stack + (top - 1)).initialize(to: value)
    }

    // MARK: Slots and frames

    @inline(__always)
    func slot(_ index: UInt32) -> UnsafeMutablePointer<Slot> { slots + (slotBase + Int(index)) }

    /// The value of a slot, in place.
    @inline(__always)
    func valueAddress(_ index: UInt32) -> UnsafePointer<Value> {
        // The value is the first member, so it begins where the slot does.
        UnsafeRawPointer(slot(index)).assumingMemoryBound(to: Value.self)
    }

    @inline(__always)
    mutating func set(_ index: UInt32, _ value: consuming Value, isBoxed: Bool = false) {
        let slot = slot(index)
        let address = UnsafeMutablePointer(mutating: valueAddress(index))
        address.deinitializeInPlace()
        address.initialize(to: value)
        slot.pointee.isBoxed = isBoxed
        slot.pointee.isDeclared = true
    }

    @inline(__always)
    mutating func set(_ index: UInt32, copying value: UnsafePointer<Value>, isBoxed: Bool = false) {
        if value.pointee.isTrivial {
            let slot = slot(index)
            let address = UnsafeMutablePointer(mutating: valueAddress(index))
            address.deinitializeInPlace()
            address.initialize(copying: value)
            slot.pointee.isBoxed = isBoxed
            slot.pointee.isDeclared = true
        } else {
            set(index, value.pointee, isBoxed: isBoxed)
        }
    }

    /// Makes the slots of a frame, the first two of which hold `dot`.
    private mutating func enter(_ body: Int, dot: consuming Value) throws(Problem) {
        let count = program.bodies[body].slotCount
        slotBase = slotEnd
        if slotEnd + count > slotCapacity { try growSlots(by: count) }
        (slots + slotEnd).initialize(repeating: Slot(value: .invalid), count: count)
        slotEnd += count
        slots[slotBase + ReservedSlot.root] = Slot(value: dot, isDeclared: true)
        slots[slotBase + ReservedSlot.dot].value = slots[slotBase + ReservedSlot.root].value
        self.body = body
    }

    private mutating func growSlots(by count: Int) throws(Problem) {
        guard slotEnd + count <= Limits.slotCount else { throw .callsTooDeep(limit: frames.count) }
        let capacity = max(slotCapacity * 2, slotEnd + count)
        let grown = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
        grown.moveInitialize(from: slots, count: slotEnd)
        slots.deallocate()
        slots = grown
        slotCapacity = capacity
    }

    private mutating func leaveFrame() {
        (slots + slotBase).deinitialize(count: slotEnd - slotBase)
        slotEnd = slotBase
    }

    // MARK: Running

    /// Executes the main template with `dot`.
    mutating func run<Tracer: ExecutionTracer>(_ dot: Value, _ tracer: consuming Tracer) throws(Problem) {
        try enter(body, dot: dot)
        let code = tables.code
        var counter = program.bodies[body].start
        while true {
            let instruction = code[counter]
            tracer.step(counter, self)
            counter += 1
            switch instruction {
            case .text(let start, let count): try write(Int(start), Int(count))
            case .print:
                try print(topAddress)
                drop(1)
            case .printSlot(let index, let node):
                currentNode = node
                try print(valueAddress(index))
            case .printFields(let path): try printFields(tables.paths[Int(path)])
            case .printFormatted(let call, _): try printFormatted(tables.calls[Int(call)])
            case .discard: drop(1)

            case .jump(let target): counter = Int(target)
            case .jumpUnlessTrue(let target):
                if !pop().isTrue { counter = Int(target) }
            case .enterWith(let index, let otherwise):
                let value = pop()
                if value.isTrue { set(index, value) } else { counter = Int(otherwise) }
            case .startRange(let range):
                counter = Int(try startRange(tables.ranges[Int(range)]))
            case .nextRange(let range):
                if try nextElement(tables.ranges[Int(range)]) { counter = Int(tables.ranges[Int(range)].body) }
            case .leaveRange: iterations.removeLast()
            case .checkTemplate(let invocation): try check(program.invocations[Int(invocation)])
            case .callTemplate(let invocation):
                frames.append(Frame(body: body, counter: counter, slotBase: slotBase))
                try enter(program.invocations[Int(invocation)].body ?? program.main, dot: pop())
                counter = program.bodies[body].start
                try tick()
            case .finish:
                leaveFrame()
                guard let frame = frames.popLast() else { return }
                slotBase = frame.slotBase
                body = frame.body
                counter = frame.counter

            case .at(let node): currentNode = node
            case .constant(let constant, let node):
                currentNode = node
                push(copying: tables.constants + Int(constant))
            case .slot(let index, let node, let expected):
                currentNode = node
                push(copying: valueAddress(index))
                try convertTop(expected, isBoxed: slot(index).pointee.isBoxed)
            case .variable(let reference, let node, let expected):
                currentNode = node
                let index = try declaredSlot(reference)
                push(copying: valueAddress(index))
                try convertTop(expected, isBoxed: slot(index).pointee.isBoxed)
            case .fields(let path): push(try fields(tables.paths[Int(path)]))
            case .fieldsOfTop(let path): replaceTop(try fieldsOfTop(tables.paths[Int(path)]))
            case .convert(let expected): try convertTop(expected)

            case .declare(let index): set(index, topValue)
            case .store(let index): set(index, pop())
            case .assign(let reference): set(try declaredSlot(reference), topValue)

            case .call(let call, _): try callFunction(tables.calls[Int(call)])
            case .callBuiltin(let call, _): try callBuiltin(tables.calls[Int(call)])
            case .rotate(let count): rotate(Int(count))
            case .shortCircuit(let truth, let target):
                if topValue.isTrue == truth { counter = Int(target) } else { drop(1) }
            case .removeBelow:
                let value = pop()
                replaceTop(value)
            case .beginMethod(let call, _):
                if try !beginMethod(program.methodCalls[Int(call)]) {
                    counter = Int(program.methodCalls[Int(call)].end)
                }
            case .methodLiteral(let literal, let argument, let node):
                currentNode = node
                try pushMethodLiteral(Int(literal), argument: Int(argument))
            case .methodArgument(let argument): try convertMethodArgument(Int(argument))
            case .callMethod(let call, _): try callMethod(program.methodCalls[Int(call)])
            case .fail(let problem, let node):
                if node != Program.noNode { currentNode = node }
                throw program.problems[Int(problem)]
            }
        }
    }

    // MARK: Output

    @inline(__always)
    private mutating func write(_ start: Int, _ count: Int) throws(Problem) {
        try write(UnsafeBufferPointer(rebasing: tables.source[start..<start + count]))
    }

    @inline(__always)
    private mutating func write(_ bytes: UnsafeBufferPointer<UInt8>) throws(Problem) {
        guard bytes.count <= stagingRoom - staged.count else { return try writeLong(bytes) }
        staged.append(contentsOf: bytes)
    }

    /// Writes what does not fit into the staging area.
    private mutating func writeLong(_ bytes: UnsafeBufferPointer<UInt8>) throws(Problem) {
        flush()
        guard bytes.count <= outputLimit - output.count else { throw outputTooLarge }
        append(bytes)
        makeRoom()
    }

    /// Moves what is staged to the output.
    private mutating func flush() {
        append(staged.bytes)
        staged.truncate(to: 0)
        if sink != nil, output.count >= Executor.chunkSize { drain() }
        makeRoom()
    }

    /// Long output grows in large steps: reserved memory costs nothing until it is used, whereas moving the output costs as much
    /// as writing it.
    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        let count = output.count + bytes.count
        if count > output.capacity, count >= Executor.longOutput {
            output.reserveCapacity(count + max(count / 4, min(7 * count, limits.outputReserve)))
        }
        output.append(contentsOf: bytes)
    }

    /// Hands the output to the sink.
    private mutating func drain() {
        output.withUnsafeBufferPointer { sink?($0) }
        outputLimit -= output.count
        output.removeAll(keepingCapacity: true)
    }

    /// Computes how much may be staged before the output reaches its limit; nothing is staged now.
    private mutating func makeRoom() { stagingRoom = max(0, min(Executor.stagingSize, outputLimit - output.count)) }

    /// Writes a field; those of key-value pairs and of maps without copying them.
    @inline(__always)
    private mutating func printFields(_ path: FieldPath) throws(Problem) {
        if path.nameCount == 1 {
            let name = tables.fieldNames + Int(path.firstName)
            let receiver = valueAddress(path.slot)
            if let bytes = receiver.text(ofPairField: name.pointee.known) { return try write(bytes) }
            if let map = receiver.mapStorage,
                let value = map._withUnsafeGuaranteedRef({ $0.address(of: name.pointee.name.unretainedBytes) })
            {
                currentNode = path.node
                return try print(value)
            }
        }
        var value = try fields(path)
        try print(&value)
    }

    /// The size of what was written so far, and of what was there before; while nothing is handed to a sink.
    var writtenCount: Int { output.count + staged.count }

    private var outputTooLarge: Problem { .outputTooLarge(limit: limits.outputSize) }

    /// Writes a value as Go's `fmt.Fprint` does. It stays where it is: printing changes neither slots nor the stack.
    @inline(__always)
    private mutating func print(_ value: UnsafePointer<Value>) throws(Problem) {
        if let text = value.text { return try write(text) }
        switch value.pointee {
        case .int(let number):
            DecimalText.append(number, into: &staged)
            try checkStaged()
        case .float(let number):
            FloatText.append(number, notation: .general, precision: nil, into: &staged)
            try checkStaged()
        // Go takes an interface apart before it prints what is in it.
        case .nilInterface: try writeFormatted(.invalid)
        default: try writeFormatted(value.pointee)
        }
    }

    private mutating func writeFormatted(_ value: Value) throws(Problem) {
        if case .invalid = value { noteAbsence() }
        Format.appendValue(value, into: &staged)
        try checkStaged()
    }

    private mutating func noteAbsence() {
        if absences.count < Executor.mostAbsences, !absences.contains(currentNode) { absences.append(currentNode) }
    }

    /// Checks the limit after text of unknown length was staged.
    @inline(__always)
    private mutating func checkStaged() throws(Problem) {
        if staged.count > stagingRoom { try flushWithinLimit() }
    }

    private mutating func flushWithinLimit() throws(Problem) {
        flush()
        if output.count > outputLimit { throw outputTooLarge }
    }

    private mutating func printFormatted(_ plan: CallPlan) throws(Problem) {
        guard let builtin = plan.builtin else { return }
        let count = Int(plan.count)
        try checkSize(arguments(count))
        TextBuiltins.append(
            builtin, arguments(count), format: format(plan), limit: limits.outputSize, into: &staged)
        drop(count)
        try checkStaged()
    }

    /// Fails if the arguments alone are larger than the output may be.
    func checkSize(_ arguments: UnsafeBufferPointer<Value>) throws(Problem) {
        var size = 0
        for case .string(let text) in arguments { size += text.count }
        if size > limits.outputSize { throw outputTooLarge }
    }

    // MARK: Variables, templates and time

    /// The slot of a variable that may not be declared.
    func declaredSlot(_ reference: UInt32) throws(Problem) -> UInt32 {
        var reference = program.references[Int(reference)]
        while let candidate = reference.slot {
            // Only slots that another reference follows, or that stand alone, depend on a condition.
            if slot(candidate).pointee.isDeclared { return candidate }
            guard let next = reference.next else { break }
            reference = program.references[Int(next)]
        }
        throw .undeclaredVariable(reference.name)
    }

    private mutating func check(_ invocation: Invocation) throws(Problem) {
        currentNode = invocation.node
        if invocation.body == nil { throw program.notDefined(invocation.name) }
        if frames.count >= limits.callDepth { throw .callsTooDeep(limit: limits.callDepth) }
    }

    /// Checks the deadline at every 256th call.
    @inline(__always)
    mutating func tick() throws(Problem) {
        ticks &+= 1
        if ticks & 0xFF == 0, let isPastDeadline = limits.isPastDeadline, isPastDeadline() { throw .timeExceeded }
    }
}
