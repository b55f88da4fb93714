extension Program: CustomStringConvertible {
    /// The compiled form as text, like SQLite's `EXPLAIN`: a heading for each template with the slots and the stack that
    /// it needs, then an instruction a line: its address, name, operands, and the line of the source that it comes from.
    var description: String {
        bodies.indices.map { index in
            let body = bodies[index]
            let end = bodies.map(\.start).filter { $0 > body.start }.min() ?? code.count
            let heading = "template \(quoted(body.name)): slots \(body.slotCount), stack \(body.stackDepth)\n"
            return heading + (body.start..<end).map { line(at: $0) }.joined()
        }.joined()
    }

    private func line(at address: Int) -> String {
        let (name, operands, offset) = parts(of: code[address])
        let line = offset.map { offset in source.withBytes { "line \($0.line(at: offset))" } } ?? ""
        let columns = [
            padded(String(address), to: 5, left: true), padded(name, to: 15), padded(operands, to: 35), line,
        ]
        var text = columns.joined(separator: " ")
        while text.last == " " { text.removeLast() }
        return text + "\n"
    }

    /// The name of an instruction, what its operands stand for, and the place in the source that it is about.
    private func parts(of instruction: Instruction) -> (name: String, operands: String, offset: Int?) {
        switch instruction {
        case .text(let start, let count):
            ("text", quoted(source[Int(start)..<Int(start + count)]), Int(start))
        case .print: ("print", "", nil)
        case .printSlot(let slot, let node): ("printSlot", self.slot(slot), offset(node))
        case .printFields(let path): ("printFields", text(path), offset(paths[Int(path)].node))
        case .printFormatted(let call, let count): ("printFormatted", text(call, count), offset(calls[Int(call)].name))
        case .discard: ("discard", "", nil)
        case .jump(let target): ("jump", "to \(target)", nil)
        case .jumpUnlessTrue(let target): ("jumpUnlessTrue", "to \(target)", nil)
        case .enterWith(let slot, let target): ("enterWith", "\(self.slot(slot)), else to \(target)", nil)
        case .startRange(let range): ("startRange", text(ranges[Int(range)]), nil)
        case .nextRange(let range): ("nextRange", "to \(ranges[Int(range)].body)", nil)
        case .leaveRange: ("leaveRange", "", nil)
        case .checkTemplate(let index): ("checkTemplate", name(index), offset(invocations[Int(index)].node))
        case .callTemplate(let index): ("callTemplate", name(index), offset(invocations[Int(index)].node))
        case .finish: ("finish", "", nil)
        case .at(let node): ("at", text(ofNode: node), offset(node))
        default: operandParts(of: instruction)
        }
    }

    /// As `parts(of:)`, of the instructions that work on operands, variables and arguments.
    private func operandParts(of instruction: Instruction) -> (name: String, operands: String, offset: Int?) {
        switch instruction {
        case .constant(let index, let node): ("constant", constant(index), offset(node))
        case .slot(let slot, let node, let type): ("slot", self.slot(slot) + suffix(type), offset(node))
        case .variable(let reference, let node, let type):
            ("variable", references[Int(reference)].name.text + suffix(type), offset(node))
        case .fields(let path): ("fields", text(path), offset(paths[Int(path)].node))
        case .fieldsOfTop(let path): ("fieldsOfTop", fields(path), offset(paths[Int(path)].node))
        case .convert(let type): ("convert", type.typeName, nil)
        case .declare(let slot): ("declare", self.slot(slot), nil)
        case .store(let slot): ("store", self.slot(slot), nil)
        case .assign(let reference): ("assign", references[Int(reference)].name.text, nil)
        case .call(let call, let count): ("call", text(call, count), offset(calls[Int(call)].name))
        case .callBuiltin(let call, let count): ("callBuiltin", text(call, count), offset(calls[Int(call)].name))
        case .rotate(let count): ("rotate", "\(count)", nil)
        case .shortCircuit(let truth, let target): ("shortCircuit", "if \(truth) to \(target)", nil)
        case .removeBelow: ("removeBelow", "", nil)
        case .beginMethod(let call, _): ("beginMethod", method(call), nil)
        case .methodLiteral(_, _, let node): ("methodLiteral", text(ofNode: node), offset(node))
        case .methodArgument(let index): ("methodArgument", "\(index)", nil)
        case .callMethod(let call, let count): ("callMethod", "\(method(call)), \(count) arguments", nil)
        case .fail(let index, let node):
            ("fail", Wording.text(of: problems[Int(index)]).byteString.text, offset(node))
        default: preconditionFailure("named by parts(of:)")
        }
    }

    // MARK: Operands

    private func slot(_ slot: UInt32) -> String {
        switch Int(slot) {
        case ReservedSlot.root: "slot 0 ($)"
        case ReservedSlot.dot: "slot 1 (.)"
        default: "slot \(slot)"
        }
    }

    private func suffix(_ type: ParameterType) -> String { type == .plain ? "" : " as \(type.typeName)" }

    private func constant(_ index: UInt32) -> String {
        if case .string(let text) = constants[Int(index)] { return quoted(text) }
        return ByteString(ByteBuffer.bytes { Format.appendValue(constants[Int(index)], into: &$0) }).text
    }

    private func fields(_ path: UInt32) -> String {
        paths[Int(path)].names.map { "." + fieldNames[$0].name.text }.joined()
    }

    private func text(_ path: UInt32) -> String {
        slot(paths[Int(path)].slot) + fields(path) + suffix(paths[Int(path)].expected)
    }

    private func text(_ call: UInt32, _ count: UInt32) -> String {
        let plan = calls[Int(call)]
        let name = nodes[Int(plan.name)]
        return "\(source[Int(name.start)..<Int(name.end)].text), \(count) arguments" + suffix(plan.expected)
    }

    private func method(_ call: UInt32) -> String { fields(methodCalls[Int(call)].path) }

    private func name(_ invocation: UInt32) -> String { quoted(invocations[Int(invocation)].name) }

    private func text(_ range: RangePlan) -> String {
        let variables =
            switch range.variables {
            case .none: ""
            case .declare(let index, let element):
                " declares " + (index.map { "\(slot($0)), " } ?? "") + slot(element)
            case .assign(let index, let element):
                " assigns "
                    + ([index, element].compactMap { $0 }.map { references[Int($0)].name.text })
                    .joined(separator: ", ")
            }
        return (range.dotSlot.map { ". in \(slot($0))" } ?? "no .") + variables + ", else to \(range.otherwise)"
    }

    private func text(ofNode node: UInt32) -> String {
        NodeText(source: source, delimiters: delimiters).text(of: nodes[Int(node)]).text
    }

    private func offset(_ node: UInt32) -> Int? {
        node == Program.noNode ? nil : Int(nodes[Int(node)].position)
    }

    private func quoted(_ text: ByteString) -> String { text.quoted.text }

    private func padded(_ text: String, to width: Int, left: Bool = false) -> String {
        let padding = String(repeating: " ", count: max(0, width - text.utf8.count))
        return left ? padding + text : text + padding
    }
}
