import Primitives

/// Runs a program over a text: all alternatives side by side, in the order of their priority, so that the
/// time is linear in the length of the text (Pike's method).
struct RegularExpressionMachine: ~Copyable {
    /// The most slots of a list of threads, 128 MiB: all instructions may be alive at one position, each with slots of
    /// its own. There are two lists.
    static let mostSlots = 1 << 24

    private typealias Instruction = RegularExpressionProgram.Instruction

    /// The alternatives that are alive at a position, best first: a sparse set with captures beside it.
    private struct Threads: ~Copyable {
        let sparse: UnsafeMutablePointer<UInt32>
        let dense: UnsafeMutablePointer<UInt32>
        let slots: UnsafeMutablePointer<Int>
        var count = 0

        init(instructions: Int, slotCount: Int) {
            sparse = .allocate(capacity: instructions)
            sparse.initialize(repeating: 0, count: instructions)
            dense = .allocate(capacity: instructions)
            slots = .allocate(capacity: max(1, instructions * slotCount))
        }

        deinit {
            sparse.deallocate()
            dense.deallocate()
            slots.deallocate()
        }

        /// Adds `index`; nil if it is there already.
        mutating func insert(_ index: UInt32) -> Int? {
            let place = Int(sparse[Int(index)])
            if place < count && dense[place] == index { return nil }
            sparse[Int(index)] = UInt32(count)
            dense[count] = index
            count += 1
            return count - 1
        }
    }

    /// A pending step while the closure of an instruction is added.
    private enum Step {
        case visit(UInt32)
        case restore(slot: Int, Int)
    }

    /// The characters around a position; nil at an end of the text.
    private struct Surroundings {
        let before: UInt32?
        let after: UInt32?

        func satisfy(_ operation: RegularExpressionProgram.Operation) -> Bool {
            switch operation {
            case .textStart: before == nil
            case .textEnd: after == nil
            case .lineStart: before == nil || before == 0x0A
            case .lineEnd: after == nil || after == 0x0A
            case .wordBoundary: Self.isWord(before) != Self.isWord(after)
            case .noWordBoundary: Self.isWord(before) == Self.isWord(after)
            case .match, .scalar, .set, .branch, .save: true
            }
        }

        private static func isWord(_ scalar: UInt32?) -> Bool {
            switch scalar {
            case .some(0x30...0x39), .some(0x41...0x5A), .some(0x5F), .some(0x61...0x7A): true
            default: false
            }
        }
    }

    private let program: RegularExpressionProgram
    private let slotCount: Int
    private var current: Threads
    private var following: Threads
    private let scratch: UnsafeMutablePointer<Int>
    /// A stack: each instruction adds one step at most while the closure of another one is added.
    private let steps: UnsafeMutablePointer<Step>
    private var stepCount = 0
    /// Whether a match was found, and the slots of the best so far.
    private var hasMatch = false
    private let bestSlots: UnsafeMutablePointer<Int>

    /// With `slotCount` 0 the machine only says whether there is a match; 2 gives its bounds, more its groups.
    init(_ program: RegularExpressionProgram, slotCount: Int) {
        self.program = program
        self.slotCount = slotCount
        current = Threads(instructions: program.instructions.count, slotCount: slotCount)
        following = Threads(instructions: program.instructions.count, slotCount: slotCount)
        scratch = .allocate(capacity: slotCount)
        steps = .allocate(capacity: program.instructions.count)
        bestSlots = .allocate(capacity: slotCount)
    }

    deinit {
        scratch.deallocate()
        steps.deallocate()
        bestSlots.deallocate()
    }

    /// The slots of the last match: begin and end of each group, -1 if the group did not match. Valid until the next
    /// search.
    var slots: UnsafeBufferPointer<Int> { UnsafeBufferPointer(start: bestSlots, count: slotCount) }

    /// Looks for the first match at or behind `start`; false if there is none.
    mutating func findMatch(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Bool {
        hasMatch = false
        current.count = 0
        var position = start
        var before: UInt32? = start > 0 ? UTF8Scanner.decodeLast(text, before: start).scalar : nil
        while true {
            if current.count == 0 {
                if hasMatch || program.isAnchored && position > 0 { break }
                if let next = skip(in: text, from: position) {
                    if next > position { before = UTF8Scanner.decodeLast(text, before: next).scalar }
                    position = next
                } else {
                    break
                }
            }
            let decoded = position < text.count ? UTF8Scanner.decode(text, at: position) : nil
            if !hasMatch {
                scratch.update(repeating: -1, count: slotCount)
                if slotCount > 0 { scratch[0] = position }
                add(program.start, at: position, Surroundings(before: before, after: decoded?.scalar), ahead: false)
            }
            let width = decoded?.width ?? 0
            let next = position + width
            let after = next < text.count && width > 0 ? UTF8Scanner.decode(text, at: next).scalar : nil
            step(decoded?.scalar, from: position, to: next, Surroundings(before: decoded?.scalar, after: after))
            if width == 0 || slotCount == 0 && hasMatch { break }
            position = next
            before = decoded?.scalar
            swap(&current, &following)
            following.count = 0
        }
        return hasMatch
    }

    /// Where a match could begin next, from `position` on; nil if nowhere.
    private func skip(in text: UnsafeBufferPointer<UInt8>, from position: Int) -> Int? {
        guard let firstBytes = program.firstBytes, !program.isAnchored else { return position }
        return firstBytes.withUnsafeBufferPointer { firstBytes in
            var position = position
            while position < text.count {
                // Inside a valid character nothing can begin.
                if firstBytes[Int(text[position])] { return position }
                position += text[position] < 0x80 ? 1 : UTF8Scanner.decode(text, at: position).width
            }
            return nil
        }
    }

    /// Advances every thread by `scalar`, nil at the end of the text.
    private mutating func step(
        _ scalar: UInt32?, from position: Int, to next: Int, _ surroundings: Surroundings
    ) {
        for place in 0..<current.count {
            let instruction = program.instructions[Int(current.dense[place])]
            switch instruction.operation {
            case .match:
                loadSlots(of: place)
                if slotCount > 1 { scratch[1] = position }
                bestSlots.update(from: scratch, count: slotCount)
                hasMatch = true
                // The threads after this one have lower priority.
                return
            case .scalar where instruction.operand == scalar:
                loadSlots(of: place)
                add(instruction.target, at: next, surroundings, ahead: true)
            case .set:
                guard let scalar, program.sets[Int(instruction.operand)].contains(scalar) else { continue }
                loadSlots(of: place)
                add(instruction.target, at: next, surroundings, ahead: true)
            default:
                continue
            }
        }
    }

    @inline(__always)
    private func loadSlots(of place: Int) {
        scratch.update(from: current.slots + place * slotCount, count: slotCount)
    }

    /// Adds the instruction at `index` and all that can be reached from it without consuming anything, with the
    /// slots in `scratch`, to the threads of this position or of the one ahead.
    private mutating func add(_ index: UInt32, at position: Int, _ surroundings: Surroundings, ahead: Bool) {
        var index = index
        while true {
            if let place = ahead ? following.insert(index) : current.insert(index) {
                let instruction = program.instructions[Int(index)]
                switch instruction.operation {
                case .match, .scalar, .set:
                    let slots = ahead ? following.slots : current.slots
                    (slots + place * slotCount).update(from: scratch, count: slotCount)
                case .branch:
                    push(.visit(instruction.operand))
                    index = instruction.target
                    continue
                case .save:
                    let slot = Int(instruction.operand)
                    if slot < slotCount {
                        push(.restore(slot: slot, scratch[slot]))
                        scratch[slot] = position
                    }
                    index = instruction.target
                    continue
                case .textStart, .textEnd, .lineStart, .lineEnd, .wordBoundary, .noWordBoundary:
                    if surroundings.satisfy(instruction.operation) {
                        index = instruction.target
                        continue
                    }
                }
            }
            guard let other = nextVisit() else { return }
            index = other
        }
    }

    @inline(__always)
    private mutating func push(_ step: Step) {
        (steps + stepCount).initialize(to: step)
        stepCount += 1
    }

    /// The next instruction to visit, with the slots as they were where it branched off; nil if nothing is left.
    private mutating func nextVisit() -> UInt32? {
        while stepCount > 0 {
            stepCount -= 1
            switch steps[stepCount] {
            case .restore(let slot, let value): scratch[slot] = value
            case .visit(let index): return index
            }
        }
        return nil
    }
}
