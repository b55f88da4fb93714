/// One step of a compiled template. Control flow is jumps, calls of templates are frames on a heap
/// stack, and operands are evaluated onto a value stack, so nothing recurses however deep a template
/// nests. Offsets and indexes point into the tables of `Program`.
enum Instruction: BitwiseCopyable {
    // MARK: Output

    /// Writes bytes of the source.
    case text(start: UInt32, count: UInt32)
    /// Pops a value and writes it.
    case print
    /// Writes a variable, or the cursor.
    case printSlot(UInt32, node: UInt32)
    /// Writes a field of a variable.
    case printFields(path: UInt32)
    /// Writes what a built-in function that formats its arguments makes of them.
    case printFormatted(call: UInt32, arguments: UInt32)
    /// Pops a value.
    case discard

    // MARK: Control

    case jump(UInt32)
    /// Pops a value and jumps if it is not true.
    case jumpUnlessTrue(UInt32)
    /// Pops a value that becomes the cursor in `slot`; jumps if it is not true.
    case enterWith(slot: UInt32, otherwise: UInt32)
    /// Pops a value and iterates over it; jumps if there is nothing in it.
    case startRange(range: UInt32)
    /// Goes on with the innermost iteration, or ends it.
    case nextRange(range: UInt32)
    /// Ends the innermost iteration early.
    case leaveRange
    /// Fails unless the template to call exists and the stack of calls has room.
    case checkTemplate(invocation: UInt32)
    /// Pops the cursor and runs a template with it.
    case callTemplate(invocation: UInt32)
    /// Returns from a template.
    case finish

    // MARK: Operands

    /// Marks the node that errors are reported at, Go's `state.at`.
    case at(node: UInt32)
    case constant(UInt32, node: UInt32)
    /// Pushes a variable, or the cursor.
    case slot(UInt32, node: UInt32, as: ParameterType)
    /// Pushes a variable the declaration of which may not have been executed.
    case variable(reference: UInt32, node: UInt32, as: ParameterType)
    /// Pushes a field of a variable.
    case fields(path: UInt32)
    /// Replaces the value on top by a field of it.
    case fieldsOfTop(path: UInt32)
    /// Converts the value on top to the type of a parameter.
    case convert(as: ParameterType)

    // MARK: Variables

    /// Declares a variable with the value on top, which stays.
    case declare(slot: UInt32)
    /// Declares a variable with the value on top, which goes.
    case store(slot: UInt32)
    /// Assigns the value on top, which stays, to a variable that may be undeclared.
    case assign(reference: UInt32)

    // MARK: Calls

    case call(UInt32, arguments: UInt32)
    case callBuiltin(UInt32, arguments: UInt32)
    /// Moves the value below `count` others to the top: the result of the previous command is the last argument.
    case rotate(count: UInt32)
    /// Keeps the value on top and jumps if its truth is `truth`, else pops it: `and`, `or`.
    case shortCircuit(truth: Bool, target: UInt32)
    /// Removes the value below the top.
    case removeBelow
    /// Looks up a method with arguments, and jumps past the call if there is no receiver.
    case beginMethod(call: UInt32, popsReceiver: Bool)
    /// Pushes a literal as an argument of the method that is being called.
    case methodLiteral(UInt32, argument: UInt32, node: UInt32)
    /// Converts the value on top to an argument of the method that is being called.
    case methodArgument(UInt32)
    case callMethod(UInt32, arguments: UInt32)

    /// Fails. The error is reported at `node`, or at none if that is `Program.noNode`.
    case fail(problem: UInt32, node: UInt32)
}

extension Instruction {
    /// How many more values the stack holds after the instruction, when it does not jump.
    @inline(__always)
    var stackEffect: Int {
        switch self {
        case .text, .printSlot, .printFields: 0
        case .print, .discard: -1
        case .printFormatted(_, let arguments): -Int(arguments)
        case .jump, .nextRange, .leaveRange, .checkTemplate, .finish: 0
        case .jumpUnlessTrue, .enterWith, .startRange, .callTemplate: -1
        case .at, .fieldsOfTop, .convert: 0
        case .constant, .slot, .variable, .fields: 1
        case .declare, .assign: 0
        case .store: -1
        case .call(_, let arguments), .callBuiltin(_, let arguments), .callMethod(_, let arguments): 1 - Int(arguments)
        case .rotate: 0
        case .shortCircuit, .removeBelow: -1
        case .beginMethod(_, let popsReceiver): popsReceiver ? -1 : 0
        case .methodLiteral: 1
        case .methodArgument: 0
        // Nothing after it is executed. Where it replaces an operand's instruction, the effect of that one was counted.
        case .fail: 0
        }
    }
}
