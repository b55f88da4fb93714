/// A compiled template with all that it defines: instructions and the tables they point into.
///
/// Everything is written once, by the compiler, and only read afterwards.
struct Program: Sendable {
    /// Stands for "no node" where an index of `nodes` is expected.
    static let noNode = UInt32.max

    let source: ByteString
    /// The source's name in errors.
    let name: ByteString
    /// The instructions of all bodies, one after the other.
    let code: [Instruction]
    let bodies: [Body]
    /// The body that rendering begins with.
    let main: Int
    let nodes: [SourceNode]
    let constants: [Value]
    let literals: [Literal]
    let paths: [FieldPath]
    let fieldNames: [FieldName]
    let references: [VariableReference]
    let ranges: [RangePlan]
    let invocations: [Invocation]
    let functions: [Function]
    let calls: [CallPlan]
    let formats: [ParsedFormat]
    let methodCalls: [MethodCallPlan]
    let problems: [Problem]
    let infixCalls: [InfixCall]
    let delimiters: Problem.Delimiters

    /// The executable form of one template.
    struct Body: Sendable {
        let name: ByteString
        /// Where its instructions begin in `Program.code`.
        let start: Int
        /// How many variables, cursors included, it needs at a time.
        let slotCount: Int
        /// How many values its expressions need at a time.
        let stackDepth: Int
    }

    /// The tables that running a template reads all the time, as plain memory.
    struct Tables {
        let source: UnsafeBufferPointer<UInt8>
        let code: UnsafePointer<Instruction>
        let constants: UnsafePointer<Value>
        let paths: UnsafePointer<FieldPath>
        let fieldNames: UnsafePointer<FieldName>
        let ranges: UnsafePointer<RangePlan>
        let functions: UnsafePointer<Function>
        let calls: UnsafePointer<CallPlan>
        let formats: UnsafePointer<ParsedFormat>
    }

    /// Calls `body` with the tables, which are valid during the call.
    func withTables<Result>(_ body: (Tables) -> Result) -> Result {
        source.withBytes { source in
            code.withPointer { code in
                constants.withPointer { constants in
                    paths.withPointer { paths in
                        fieldNames.withPointer { fieldNames in
                            ranges.withPointer { ranges in
                                functions.withPointer { functions in
                                    calls.withPointer { calls in
                                        formats.withPointer { formats in
                                            body(
                                                Tables(
                                                    source: source, code: code, constants: constants, paths: paths,
                                                    fieldNames: fieldNames, ranges: ranges, functions: functions,
                                                    calls: calls, formats: formats))
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

extension Array {
    /// Calls `body` with the address of the elements.
    fileprivate func withPointer<Result>(_ body: (UnsafePointer<Element>) -> Result) -> Result {
        withUnsafeBufferPointer { elements in
            // An empty array may have no address; nothing is read through this one then.
            body(elements.baseAddress ?? UnsafePointer(bitPattern: MemoryLayout<Element>.alignment)!)
        }
    }
}

/// The first slots of a template's frame.
enum ReservedSlot {
    /// `$`.
    static let root = 0
    /// The cursor that the template is called with.
    static let dot = 1
    static let count = 2
}

/// A node of the source that errors can be reported at.
struct SourceNode: BitwiseCopyable, Sendable {
    /// The position that Go gives for the node, which is not always its first byte.
    let position: UInt32
    let start: UInt32
    /// The end of the node's text; white space and a pipe may precede it.
    var end: UInt32
}

/// A chain of fields, `.A.B`, of a variable or a value on the stack.
struct FieldPath: BitwiseCopyable, Sendable {
    let slot: UInt32
    /// Where its names begin in `Program.fieldNames`.
    let firstName: UInt32
    let nameCount: UInt32
    let node: UInt32
    let expected: ParameterType

    var names: Range<Int> { Int(firstName)..<Int(firstName + nameCount) }
}

/// A variable that may not have been declared when it is used: Go looks variables up by name while it
/// executes, and a declaration within an argument of `and`, `or` or a method may not have been reached.
struct VariableReference: Sendable {
    let name: ByteString
    /// The innermost slot that may hold it, nil if nothing declares it.
    var slot: UInt32?
    /// Which reference to try if the slot is not declared.
    let next: UInt32?
}

/// How a range iterates: its addresses, slots and variables.
struct RangePlan: BitwiseCopyable, Sendable {
    /// The address to continue at if there are no elements.
    var otherwise: UInt32 = 0
    /// Where the loop's text begins.
    var body: UInt32 = 0
    /// Where the cursor is; nil if nothing in the loop looks at it.
    var dotSlot: UInt32?
    let variables: Variables
    /// The slots that each iteration begins without.
    var undeclaredStart: UInt32 = 0
    var undeclaredEnd: UInt32 = 0

    enum Variables: BitwiseCopyable, Equatable, Sendable {
        case none
        /// Slots of variables that the range declares.
        case declare(index: UInt32?, element: UInt32)
        /// References to variables that the range assigns to.
        case assign(index: UInt32?, element: UInt32)
    }

    var hasIndex: Bool {
        switch variables {
        case .none: false
        case .declare(let index, _), .assign(let index, _): index != nil
        }
    }
}

/// A `{{template}}` action.
struct Invocation: Sendable {
    let name: ByteString
    /// Which of `Program.bodies` it runs, nil if there is no such template.
    var body: Int?
    let node: UInt32
    /// The node of its argument, if there is one.
    let argument: UInt32?
}

/// The call of a function.
struct CallPlan: BitwiseCopyable, Sendable {
    /// Which of `Program.functions` it is, if it is none of the built-in ones.
    var function: UInt32 = 0
    var builtin: Builtin?
    /// The node of the function's name.
    let name: UInt32
    let count: UInt32
    /// The node that errors of the function are reported at.
    let node: UInt32
    let expected: ParameterType
    /// For `call`: what is being called, as the template has it; none if it is the result of the previous command.
    var calledText = Program.noNode
    /// Which of `Program.formats` is the first argument, for `printf` if the compiler has parsed it.
    var format: UInt32?
}

/// A command whose second word names a function, `(atoi x) mul 2`: it fails, and the error says how to write it.
struct InfixCall: Sendable {
    /// The node that the error is reported at.
    let node: UInt32
    let first: Range<Int>
    let name: Range<Int>
    /// Where the command ends.
    var end: Int
}

/// The function that a name stands for.
enum Callee: BitwiseCopyable, Sendable {
    case builtin(Builtin)
    /// An index in `Program.functions`.
    case function(UInt32)
}

/// The call of a method with arguments.
struct MethodCallPlan: Sendable {
    /// The receiver and, as its last name, the method; on the stack if `isOnStack`.
    let path: UInt32
    let isOnStack: Bool
    let hasFinal: Bool
    /// How many arguments there are, the result of the previous command not counted.
    var argumentCount = 0
    /// The address to continue at if there is no receiver.
    var end: UInt32 = 0
}
