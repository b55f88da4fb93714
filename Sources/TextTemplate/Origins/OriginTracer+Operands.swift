/// Operands, variables and calls.
extension OriginTracer {
    mutating func completeOperand(_ instruction: Instruction, _ executor: borrowing Executor) {
        switch instruction {
        case .constant, .methodLiteral: stack.append(Provenance())
        case .slot(let slot, _, _): stack.append(self[slot])
        case .variable(let reference, _, _):
            stack.append(declaredSlot(reference, executor).map { self[$0] } ?? Provenance())
        case .fields(let path): stack.append(fields(executor.tables.paths[Int(path)], executor))
        case .fieldsOfTop(let path):
            stack.append(follow(executor.tables.paths[Int(path)].names, from: pop(), executor))

        case .declare(let slot): assign(slot, stack[stack.count - 1])
        case .store(let slot): assign(slot, pop())
        case .assign(let reference):
            if let slot = declaredSlot(reference, executor) { assign(slot, stack[stack.count - 1]) }

        case .call(let call, let count):
            let result = result(of: executor.tables.calls[Int(call)], Int(count), executor)
            stack.removeLast(Int(count))
            stack.append(result)
        case .callBuiltin(let call, let count):
            let result = builtin(executor.tables.calls[Int(call)].builtin, Int(count))
            stack.removeLast(Int(count))
            stack.append(result)
        case .rotate(let count): stack.append(stack.remove(at: stack.count - 1 - Int(count)))
        case .discard: _ = pop()
        case .removeBelow: stack.remove(at: stack.count - 2)
        case .beginMethod(let call, _): beginMethod(executor.program.methodCalls[Int(call)], executor)
        case .callMethod(_, let count):
            let receiver = methods.removeLast()
            let origins = trace.union([trace.everything(in: receiver), everything(inTop: Int(count))])
            stack.removeLast(Int(count))
            stack.append(Provenance(origins))
        default: preconditionFailure("completed by complete(_:at:next:_:)")
        }
    }

    // MARK: - Calls

    private mutating func result(of plan: CallPlan, _ count: Int, _ executor: borrowing Executor) -> Provenance {
        let provenances = Array(stack.suffix(count))
        switch trace.rules[name(of: plan, executor)] {
        case .rearranged: return rearranged(executor.topValue, provenances)
        case .made(let make):
            return make(
                TracedCall(arguments: arguments, provenances: provenances, result: executor.topValue), trace)
        case nil: return Provenance(everything(inTop: count))
        }
    }

    private func builtin(_ builtin: Builtin?, _ count: Int) -> Provenance {
        let provenances = Array(stack.suffix(count))
        switch builtin {
        case .index: return indexed(provenances)
        case .not: return Provenance(trace.truth(of: provenances[0]))
        default: return Provenance(everything(inTop: count))
        }
    }

    /// The part of the first value that the others lead to.
    private func indexed(_ provenances: [Provenance]) -> Provenance {
        var value = provenances[0]
        for (argument, provenance) in zip(arguments, provenances).dropFirst() {
            let chosen = trace.everything(in: provenance)
            switch argument {
            case .string(let name): value = trace.adding(chosen, to: trace.member(name, of: value))
            case .int(let index):
                let others = trace.union([chosen, trace.place(index, in: value)])
                value = trace.adding(others, to: trace.element(index, of: value))
            default: value = Provenance(trace.union([chosen, trace.everything(in: value)]))
            }
        }
        return value
    }

    private mutating func beginMethod(_ plan: MethodCallPlan, _ executor: borrowing Executor) {
        let path = executor.program.paths[Int(plan.path)]
        let start = plan.isOnStack ? pop() : self[path.slot]
        let receiver = follow(path.names.dropLast(), from: start, executor)
        // Without a receiver, the result is there at once, and the arguments are passed over.
        if executor.methods.count > methods.count {
            methods.append(receiver)
        } else {
            if plan.hasFinal { _ = pop() }
            stack.append(Provenance(trace.everything(in: receiver)))
        }
    }
}

/// What tells an element of a list from others while the list is rearranged.
enum ElementIdentity: Hashable {
    case bytes(UnsafePointer<UInt8>, Int)
    case object(ObjectIdentifier)
    /// Values that are not told from each other.
    case other

    static func all(in value: Value) -> [ElementIdentity] {
        guard case .slice(let list) = value else { return [] }
        return (0..<list.count).map { ElementIdentity(list[$0]) }
    }

    private init(_ value: Value) {
        switch value {
        case .string(let text): self = .bytes(text.base, text.count)
        case .pair(let pair):
            self = pair.unretainedKey.baseAddress.map { .bytes($0, pair.unretainedKey.count) } ?? .other
        case .map(let map): self = .object(ObjectIdentifier(map.storage))
        case .slice(let list): self = .object(ObjectIdentifier(list.storage))
        case .object(let object): self = .object(ObjectIdentifier(object))
        case .invalid, .nilInterface, .bool, .int, .integer, .float, .complex: self = .other
        }
    }
}
