/// A regular expression as instructions for `RegularExpressionMachine`.
struct RegularExpressionProgram: Sendable {
    /// The operations; `target` is the next instruction.
    enum Operation: UInt8 {
        case match
        /// Consumes the scalar in `operand`.
        case scalar
        /// Consumes a member of the set numbered by `operand`.
        case set
        /// Goes on at `target` and, if that fails, at `operand`.
        case branch
        /// Notes the position in slot `operand`.
        case save
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
    }

    struct Instruction {
        var operation: Operation
        var target: UInt32 = 0
        var operand: UInt32 = 0
    }

    /// A set with its ASCII members as bits.
    struct Set {
        let low: UInt64
        let high: UInt64
        let all: CharacterSet

        init(_ set: CharacterSet) {
            all = set
            var bits: (UInt64, UInt64) = (0, 0)
            for scalar in UInt32(0)..<64 where set.contains(scalar) { bits.0 |= 1 << UInt64(scalar) }
            for scalar in UInt32(64)..<128 where set.contains(scalar) { bits.1 |= 1 << UInt64(scalar - 64) }
            low = bits.0
            high = bits.1
        }

        @inline(__always)
        func contains(_ scalar: UInt32) -> Bool {
            if scalar < 64 { return low >> UInt64(scalar) & 1 != 0 }
            if scalar < 128 { return high >> UInt64(scalar - 64) & 1 != 0 }
            return all.contains(scalar)
        }
    }

    /// About how many bytes it takes.
    var size: Int {
        instructions.count * MemoryLayout<Instruction>.stride
            + sets.reduce(0) { $0 + MemoryLayout<Set>.stride + $1.all.ranges.count * 8 }
    }

    private(set) var instructions: [Instruction] = []
    private(set) var sets: [Set] = []
    private(set) var start: UInt32 = 0
    /// Whether a match can only begin where the text does.
    private(set) var isAnchored = false
    /// The bytes that a match can begin with; nil if it may be empty.
    private(set) var firstBytes: [Bool]?

    init(_ root: RegularExpressionNode) {
        let end = emit(.match, target: 0)
        start = emit(root, then: end)
        isAnchored = findAnchor()
        firstBytes = findFirstBytes()
    }

    // MARK: - Code, from its end to its start

    /// Adds the code of `node`, which continues at `next`; returns its start.
    private mutating func emit(_ node: RegularExpressionNode, then next: UInt32) -> UInt32 {
        switch node.kind {
        case .empty:
            return next
        case .scalar(let scalar):
            return emit(.scalar, target: next, operand: scalar)
        case .set(let set):
            sets.append(Set(set))
            return emit(.set, target: next, operand: UInt32(sets.count - 1))
        case .assertion(let assertion):
            return emit(Self.operation(of: assertion), target: next)
        case .capture(let index):
            let end = emit(.save, target: next, operand: UInt32(2 * index + 1))
            let start = emit(node.children[0], then: end)
            return emit(.save, target: start, operand: UInt32(2 * index))
        case .concatenation:
            return node.children.reversed().reduce(next) { emit($1, then: $0) }
        case .alternation:
            return node.children.dropLast().reversed().reduce(emit(node.children[node.children.count - 1], then: next))
            {
                let start = emit($1, then: next)
                return emit(.branch, target: start, operand: $0)
            }
        case .repetition(let minimum, let maximum, let isGreedy):
            return emitRepetition(
                of: node.children[0], minimum: minimum, maximum: maximum, isGreedy: isGreedy, then: next)
        }
    }

    private mutating func emitRepetition(
        of item: RegularExpressionNode, minimum: Int, maximum: Int?, isGreedy: Bool, then next: UInt32
    ) -> UInt32 {
        // Repeating the empty string gives the empty string.
        if case .empty = item.kind { return next }
        var start = next
        var required = minimum
        if let maximum {
            // x{2,4} is xx(x(x)?)?.
            for _ in 0..<maximum - minimum {
                start = emitBranch(to: emit(item, then: start), orTo: next, prefersFirst: isGreedy)
            }
        } else {
            let loop = emit(.branch, target: 0)
            let body = emit(item, then: loop)
            setBranch(loop, to: body, orTo: next, prefersFirst: isGreedy)
            if minimum > 0 {
                start = body
                required -= 1
            } else if item.isNullable {
                // (x+)? gives the right priorities where x can be empty, x* would not.
                start = emitBranch(to: body, orTo: next, prefersFirst: isGreedy)
            } else {
                start = loop
            }
        }
        for _ in 0..<required { start = emit(item, then: start) }
        return start
    }

    private mutating func emit(_ operation: Operation, target: UInt32, operand: UInt32 = 0) -> UInt32 {
        instructions.append(Instruction(operation: operation, target: target, operand: operand))
        return UInt32(instructions.count - 1)
    }

    private mutating func emitBranch(to first: UInt32, orTo second: UInt32, prefersFirst: Bool) -> UInt32 {
        let index = emit(.branch, target: 0)
        setBranch(index, to: first, orTo: second, prefersFirst: prefersFirst)
        return index
    }

    private mutating func setBranch(_ index: UInt32, to first: UInt32, orTo second: UInt32, prefersFirst: Bool) {
        instructions[Int(index)].target = prefersFirst ? first : second
        instructions[Int(index)].operand = prefersFirst ? second : first
    }

    private static func operation(of assertion: RegularExpressionNode.Assertion) -> Operation {
        switch assertion {
        case .textStart: .textStart
        case .textEnd: .textEnd
        case .lineStart: .lineStart
        case .lineEnd: .lineEnd
        case .wordBoundary: .wordBoundary
        case .noWordBoundary: .noWordBoundary
        }
    }

    // MARK: - Analysis that speeds up searches

    private func findAnchor() -> Bool {
        var index = start
        while instructions[Int(index)].operation == .save { index = instructions[Int(index)].target }
        return instructions[Int(index)].operation == .textStart
    }

    private func findFirstBytes() -> [Bool]? {
        var bytes = [Bool](repeating: false, count: 256)
        var seen = [Bool](repeating: false, count: instructions.count)
        var pending = [start]
        while let index = pending.popLast() {
            if seen[Int(index)] { continue }
            seen[Int(index)] = true
            let instruction = instructions[Int(index)]
            switch instruction.operation {
            case .match:
                return nil
            case .scalar:
                if instruction.operand < 0x80 { bytes[Int(instruction.operand)] = true } else { markNonASCII(&bytes) }
            case .set:
                let set = sets[Int(instruction.operand)]
                for byte in 0..<128 where set.contains(UInt32(byte)) { bytes[byte] = true }
                markNonASCII(&bytes)
            case .branch:
                pending.append(instruction.target)
                pending.append(instruction.operand)
            case .save, .textStart, .textEnd, .lineStart, .lineEnd, .wordBoundary, .noWordBoundary:
                pending.append(instruction.target)
            }
        }
        return bytes
    }

    private func markNonASCII(_ bytes: inout [Bool]) {
        for byte in 128..<256 { bytes[byte] = true }
    }
}
