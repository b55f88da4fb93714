/// A template that is being compiled: its instructions so far, and the state of the parser that belongs to it.
struct Definition {
    let name: ByteString
    var code: [Instruction] = []
    /// The argument for `VariableTable.endTemplate`.
    let outerVariables: Int
    /// Whether it holds only white space so far: such a template does not replace another of its name.
    var isEmpty = true
    /// How many ranges are open, for `break` and `continue`.
    var rangeDepth = 0
    /// The left delimiter of the action being parsed, Go's `actionLine`: shows in errors.
    var actionStart: Int?
    /// Where the cursor is.
    var dotSlot = UInt32(ReservedSlot.dot)
    /// Whether something in the innermost range looked at the cursor.
    var usesDot = false

    private(set) var slotsInUse = ReservedSlot.count
    private var slotCount = ReservedSlot.count
    /// How many variables are declared under conditions; their slots follow all others.
    private(set) var conditionalCount: UInt32 = 0
    private var stackInUse = 0
    private var stackDepth = 0
    /// The last place that a jump leads to: instructions before and after it are not one unit.
    private var lastLabel = 0

    /// How many references and ranges there were when it began: those before are of templates around it.
    let firstReference: Int
    let firstRange: Int

    init(name: ByteString, outerVariables: Int, firstReference: Int = 0, firstRange: Int = 0) {
        self.name = name
        self.outerVariables = outerVariables
        self.firstReference = firstReference
        self.firstRange = firstRange
    }

    // MARK: Slots

    mutating func makeSlot() -> UInt32 {
        slotsInUse += 1
        slotCount = max(slotCount, slotsInUse)
        return UInt32(slotsInUse - 1)
    }

    mutating func makeConditionalSlot() -> UInt32 {
        conditionalCount += 1
        return VariableTable.conditional | (conditionalCount - 1)
    }

    mutating func freeSlots(to count: Int) { slotsInUse = count }

    /// The number of a slot once all are known.
    func finalSlot(_ slot: UInt32) -> UInt32 {
        guard slot & VariableTable.conditional != 0 else { return slot }
        return UInt32(slotCount) + (slot & ~VariableTable.conditional)
    }

    // MARK: Instructions

    /// Where the next instruction goes.
    var position: UInt32 { UInt32(code.count) }

    /// Adds an instruction; returns its position. Inlined, so that the stack effect is a constant where the instruction is.
    @discardableResult
    @inline(__always)
    mutating func emit(_ instruction: Instruction) -> Int {
        code.append(instruction)
        stackInUse += instruction.stackEffect
        stackDepth = max(stackDepth, stackInUse)
        return code.count - 1
    }

    /// Makes the next instruction one that jumps lead to.
    mutating func label() -> UInt32 {
        lastLabel = code.count
        return position
    }

    /// The last instruction, if no jump leads to the place after it.
    var last: Instruction? { lastLabel == code.count ? nil : code.last }

    /// Puts another instruction in place of the last one.
    mutating func replaceLast(_ instruction: Instruction) {
        removeLast()
        emit(instruction)
    }

    /// Takes the last instruction back.
    mutating func removeLast() { stackInUse -= code.removeLast().stackEffect }

    /// Ends the code, and gives the template its place in the program.
    mutating func finish(at start: Int) -> Program.Body {
        emit(.finish)
        if conditionalCount > 0 {
            for (index, instruction) in code.enumerated() {
                switch instruction {
                case .declare(let slot): code[index] = .declare(slot: finalSlot(slot))
                case .store(let slot): code[index] = .store(slot: finalSlot(slot))
                default: break
                }
            }
        }
        return Program.Body(
            name: name, start: start, slotCount: slotCount + Int(conditionalCount), stackDepth: stackDepth + 1)
    }
}
