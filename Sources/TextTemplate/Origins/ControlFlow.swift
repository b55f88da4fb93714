/// Which instructions depend on which decision: after each branch, the place where its sides meet again.
///
/// Within a body all jumps lead forwards, but for that of `nextRange` to the loop's next round, which changes nothing about
/// where sides meet. So one pass from the end finds them (immediate post-dominators).
struct ControlFlow {
    /// What one side of a branch does until the sides meet.
    struct Side {
        /// Whether it may write anything.
        var writes = false
        /// Whether what it writes certainly begins, and ends, with a line break.
        var startsLine = false
        var endsLine = false
        /// The slots that it may set.
        var slots: Set<UInt32> = []
    }

    private let program: Program
    /// Where the sides of the branch at an address meet; nil if an address leads to a failure only.
    private let meeting: [Int?]
    private var sides: [Int: [Side]] = [:]

    init(_ program: Program) {
        self.program = program
        var meeting = [Int?](repeating: nil, count: program.code.count)
        for address in program.code.indices.reversed() {
            // A side that fails ends the rendering: it meets nothing.
            let ways = Self.successors(of: address, in: program)
                .filter { $0 > address && (meeting[$0] != nil || Self.isEnd(program.code[$0])) }
            if Self.isEnd(program.code[address]) {
                meeting[address] = address
            } else if let first = ways.first {
                meeting[address] = ways.dropFirst().reduce(first) { one, other in
                    var (one, other) = (one, other)
                    while one != other {
                        if one < other { one = meeting[one] ?? other } else { other = meeting[other] ?? one }
                    }
                    return one
                }
            }
        }
        self.meeting = meeting
    }

    private static func isEnd(_ instruction: Instruction) -> Bool {
        if case .finish = instruction { true } else { false }
    }

    /// Where the sides of the branch at `address` meet.
    func meeting(of address: Int) -> Int? { meeting[address] }

    /// What the side of a branch does that begins at `start`.
    mutating func side(of branch: Int, from start: Int) -> Side {
        // A branch has at most two sides: the one that follows it, and the other.
        let index = start == branch + 1 ? 0 : 1
        if let known = sides[branch] { return known[index] }
        let starts = Self.successors(of: branch, in: program)
        let both = [branch + 1, starts.first { $0 != branch + 1 } ?? branch + 1].map { explore(from: $0, of: branch) }
        sides[branch] = both
        return both[index]
    }

    private func explore(from start: Int, of branch: Int) -> Side {
        let end = meeting[branch]
        var seen: Set<Int> = []
        var open = [start]
        while let address = open.popLast() {
            guard address != end, address != branch, seen.insert(address).inserted else { continue }
            open += Self.successors(of: address, in: program)
        }
        var side = Side()
        for address in seen { side.slots.formUnion(slots(setAt: address)) }
        let writing = seen.filter { Self.writes(program.code[$0]) }
        guard let first = writing.min(), let last = writing.max() else { return side }
        side.writes = true
        let certain = chain(from: start, to: end)
        let newline = UInt8(ascii: "\n")
        if case .text(let start, _) = program.code[first], certain.contains(first) {
            side.startsLine = program.source[Int(start)] == newline
        }
        if case .text(let start, let count) = program.code[last], certain.contains(last) {
            side.endsLine = program.source[Int(start + count) - 1] == newline
        }
        return side
    }

    /// The addresses that are executed whatever is decided on the way from `start` to `end`.
    private func chain(from start: Int, to end: Int?) -> Set<Int> {
        var chain: Set<Int> = []
        var address: Int? = start
        while let current = address, current != end, chain.insert(current).inserted { address = meeting[current] }
        return chain
    }

    /// The slots that the variables of an instruction may be in.
    private func slots(setAt address: Int) -> [UInt32] {
        switch program.code[address] {
        case .declare(let slot), .store(let slot): return [slot]
        case .assign(let reference): return slots(of: reference)
        case .startRange(let range), .nextRange(let range):
            switch program.ranges[Int(range)].variables {
            case .none: return []
            case .declare(let index, let element): return [index, element].compactMap { $0 }
            case .assign(let index, let element): return [index, element].compactMap { $0 }.flatMap(slots(of:))
            }
        default: return []
        }
    }

    private func slots(of reference: UInt32) -> [UInt32] {
        var slots: [UInt32] = []
        var next: UInt32? = reference
        while let index = next {
            if let slot = program.references[Int(index)].slot { slots.append(slot) }
            next = program.references[Int(index)].next
        }
        return slots
    }

    private static func writes(_ instruction: Instruction) -> Bool {
        switch instruction {
        case .text(_, let count): count > 0
        case .print, .printSlot, .printFields, .printFormatted, .callTemplate: true
        default: false
        }
    }

    static func successors(of address: Int, in program: Program) -> [Int] {
        switch program.code[address] {
        case .jump(let target): [Int(target)]
        case .jumpUnlessTrue(let target), .enterWith(_, let target), .shortCircuit(_, let target):
            [address + 1, Int(target)]
        case .startRange(let range): [address + 1, Int(program.ranges[Int(range)].otherwise)]
        case .nextRange(let range): [address + 1, Int(program.ranges[Int(range)].body)]
        case .beginMethod(let call, _): [address + 1, Int(program.methodCalls[Int(call)].end)]
        case .finish, .fail: []
        default: [address + 1]
        }
    }
}
