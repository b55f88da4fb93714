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
    case printSlot(UInt32, context: UInt32)
    /// Writes a field of a variable.
    case printFields(path: UInt32)
    /// Writes what a built-in function that formats its arguments makes of them.
    case printFormatted(call: UInt32)
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
    case at(context: UInt32)
    case constant(UInt32, context: UInt32)
    /// Pushes a variable, or the cursor.
    case slot(UInt32, context: UInt32, as: Expected)
    /// Pushes a variable the declaration of which may not have been executed.
    case variable(reference: UInt32, context: UInt32, as: Expected)
    /// Pushes a field of a variable.
    case fields(path: UInt32)
    /// Replaces the value on top by a field of it.
    case fieldsOfTop(path: UInt32)
    /// Converts the value on top to the type of a parameter.
    case convert(as: Expected)

    // MARK: Variables

    /// Declares a variable with the value on top, which stays.
    case declare(slot: UInt32)
    /// Declares a variable with the value on top, which goes.
    case store(slot: UInt32)
    /// Assigns the value on top, which stays, to a variable that may be undeclared.
    case assign(reference: UInt32)

    // MARK: Calls

    case call(UInt32)
    case callBuiltin(UInt32)
    /// Moves the value below `count` others to the top: the result of the previous command is the last argument.
    case rotate(count: UInt32)
    /// Keeps the value on top and jumps if its truth is `truth`, else pops it: `and`, `or`.
    case shortCircuit(truth: Bool, target: UInt32)
    /// Removes the value below the top.
    case removeBelow
    /// Looks up a method with arguments, and jumps past the call if there is no receiver.
    case beginMethod(call: UInt32)
    /// Pushes a literal as an argument of the method that is being called.
    case methodLiteral(UInt32, argument: UInt32, context: UInt32)
    /// Converts the value on top to an argument of the method that is being called.
    case methodArgument(UInt32)
    case callMethod(UInt32)

    /// Fails, at a node if `context` is not `Program.noContext`.
    case fail(problem: UInt32, context: UInt32)
}

/// What the context of an operand makes of its value: the Go type that is wanted there.
enum Expected: UInt8, BitwiseCopyable {
    /// The value of a command: an interface gives what it holds.
    case plain
    /// `reflect.Value`: anything, as it is.
    case value
    /// `reflect.Value`, an index of `slice`: Go does not look into interfaces there.
    case index
    /// `interface {}`.
    case any
    case string, bool, int, float
    case strings, anys, pairs, map
    case duration, time, location, bytes

    init(_ parameter: Function.Parameter) {
        switch parameter {
        case .string: self = .string
        case .bool: self = .bool
        case .int: self = .int
        case .float: self = .float
        case .any: self = .any
        case .strings: self = .strings
        case .anys: self = .anys
        case .pairs: self = .pairs
        case .map: self = .map
        case .duration: self = .duration
        case .time: self = .time
        case .location: self = .location
        case .bytes: self = .bytes
        }
    }

    /// Whether a string, in an interface or not, is taken as it is.
    var takesAnyString: Bool {
        switch self {
        case .plain, .value, .any, .string: true
        default: false
        }
    }

    /// How Go names the type.
    var typeName: String {
        switch self {
        case .plain, .value, .index: "reflect.Value"
        case .any: "interface {}"
        case .string: "string"
        case .bool: "bool"
        case .int: "int"
        case .float: "float64"
        case .strings: "[]string"
        case .anys: "[]interface {}"
        case .pairs: "[]memkv.KVPair"
        case .map: "map[string]interface {}"
        case .duration: "time.Duration"
        case .time: "time.Time"
        case .location: "*time.Location"
        case .bytes: "[]uint8"
        }
    }
}
