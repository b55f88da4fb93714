/// An action of a template, and what executions did with it.
package struct ActionCoverage: Equatable, Sendable {
    /// The two sides of an `if`, `with` or `range`.
    package struct Sides: Equatable, Sendable {
        package enum Kind: Sendable { case condition, range }

        package let kind: Kind
        /// How often the value was true, or had elements.
        package internal(set) var entered: Int
        /// How often it was not, or had none.
        package internal(set) var skipped: Int
    }

    /// Counted from 1, as the column.
    package let line: Int
    package let column: Int
    /// The action with its delimiters, as it stands in the source.
    package let text: ByteString
    /// How often it was executed.
    package internal(set) var count: Int
    /// nil for an action that decides nothing.
    package internal(set) var sides: Sides?
}

extension ExecutionTrace {
    /// An empty trace of `template`.
    package convenience init(of template: Template) { self.init(of: template.storage.program) }
}

extension Template {
    /// What the executions in `trace` did with each action of the source, in its order. Actions that do nothing by themselves
    /// (`else`, `end`, `define`, `break`, `continue`, comments) are left out.
    package func coverage(_ trace: ExecutionTrace) -> [ActionCoverage] {
        let program = storage.program
        guard trace.fits(program) else { return [] }
        let actions = program.actions
        var found: [Int: ActionCoverage] = [:]
        for body in program.bodies {
            let end = program.bodies.map(\.start).filter { $0 > body.start }.min() ?? program.code.count
            var current: Int?
            for address in body.start..<end {
                let instruction = program.code[address]
                if let offset = program.offset(of: instruction), let action = actions.enclosing(offset) {
                    current = action.lowerBound
                    if found[action.lowerBound] == nil {
                        found[action.lowerBound] = program.coverage(of: action, trace.counts[address])
                    }
                }
                if let current, let kind = instruction.sides {
                    let entered = trace.continued[address]
                    found[current]?.sides = ActionCoverage.Sides(
                        kind: kind, entered: entered, skipped: trace.counts[address] - entered)
                }
            }
        }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }
}

extension Instruction {
    /// What it decides: where it goes on with the next instruction, the side is entered.
    fileprivate var sides: ActionCoverage.Sides.Kind? {
        switch self {
        case .jumpUnlessTrue, .enterWith: .condition
        case .startRange: .range
        default: nil
        }
    }
}

extension Program {
    fileprivate func coverage(of action: Range<Int>, _ count: Int) -> ActionCoverage {
        let position = source.withBytes { SourcePosition($0, at: action.lowerBound) }
        return ActionCoverage(
            line: position.line, column: position.column + 1, text: source[action], count: count, sides: nil)
    }

    /// The place in the source that `instruction` is about; nil if it is about none of its own.
    fileprivate func offset(of instruction: Instruction) -> Int? {
        let node: UInt32? =
            switch instruction {
            case .printSlot(_, let node), .at(let node), .constant(_, let node), .slot(_, let node, _),
                .variable(_, let node, _), .methodLiteral(_, _, let node), .fail(_, let node):
                node
            case .printFields(let path), .fields(let path), .fieldsOfTop(let path): paths[Int(path)].node
            case .printFormatted(let call, _), .call(let call, _), .callBuiltin(let call, _): calls[Int(call)].name
            case .checkTemplate(let index), .callTemplate(let index): invocations[Int(index)].node
            case .text, .print, .discard, .jump, .jumpUnlessTrue, .enterWith, .startRange, .nextRange, .leaveRange,
                .finish, .convert, .declare, .store, .assign, .rotate, .shortCircuit, .removeBelow, .beginMethod,
                .methodArgument, .callMethod:
                nil
            }
        guard let node, node != Program.noNode else { return nil }
        return Int(nodes[Int(node)].position)
    }
}
