import KeyValue

/// Reads of keys that redis does at one moment: `MULTI`, the reads, `EXEC`.
struct RedisTransaction {
    /// A command of it.
    private enum Step {
        case type([UInt8])
        case strings([[UInt8]], KeyRange)
        case hash([UInt8], KeyRange)
        /// The names that match a pattern, all at once.
        case scan([UInt8])

        var call: RedisFailure.Call {
            switch self {
            case .type: .look
            case .scan: .scan
            case .strings(_, let range), .hash(_, let range): .read(range)
            }
        }
    }

    struct Answer {
        var types: [([UInt8], [UInt8])] = []
        /// Those that are not strings.
        var missing: [[UInt8]] = []
        /// Those that were taken for hashes, and are not.
        var noHashes: [[UInt8]] = []
        /// All that match the pattern, if there is one.
        var names: [[UInt8]]?
    }

    /// The most keys in one `MGET`.
    private static let batch = 500
    /// A COUNT above any number of keys, so that one SCAN returns all.
    private static let everything = "2000000000"

    private let session: RedisSession
    private var steps: [Step] = []
    /// Names that are in it.
    private var taken: Set<[UInt8]> = []

    init(_ session: RedisSession) { self.session = session }

    var isEmpty: Bool { steps.isEmpty }

    mutating func addType(_ name: [UInt8]) { steps.append(.type(name)) }

    /// Has all names that match `pattern` looked up, in one go.
    mutating func addScan(_ pattern: [UInt8]) { steps.append(.scan(pattern)) }

    mutating func addValues(_ names: [[UInt8]], hashes: Set<[UInt8]>, of range: KeyRange) {
        var strings: [[UInt8]] = []
        for name in names where taken.insert(name).inserted {
            if hashes.contains(name) { steps.append(.hash(name, range)) } else { strings.append(name) }
        }
        var rest = strings[...]
        while !rest.isEmpty {
            steps.append(.strings(Array(rest.prefix(Self.batch)), range))
            rest = rest.dropFirst(Self.batch)
        }
    }

    /// Sends it, and passes the value of each key to `take`; nil is a key without one.
    func run(take: ([UInt8], RedisValue?) -> Void) throws(RedisFailure) -> Answer {
        var commands = RESPEncoder()
        commands.add([Array("MULTI".utf8)])
        for step in steps {
            switch step {
            case .type(let name): commands.add([Array("TYPE".utf8), name])
            case .strings(let names, _): commands.add([Array("MGET".utf8)] + names)
            case .hash(let name, _): commands.add([Array("HGETALL".utf8), name])
            case .scan(let pattern):
                let words = ["SCAN", "0", "COUNT", Self.everything, "MATCH"].map { Array($0.utf8) }
                commands.add(words + [pattern])
            }
        }
        commands.add([Array("EXEC".utf8)])
        try session.send(commands, .look)
        try takeAcknowledgements()
        var answer = Answer()
        for step in steps { try takeReply(step, &answer, take) }
        return answer
    }

    /// Of `MULTI` and each command; then comes the head of the answer of `EXEC`. The first refusal is the error.
    private func takeAcknowledgements() throws(RedisFailure) {
        var failure: RedisFailure?
        for call in [RedisFailure.Call.look] + steps.map(\.call) {
            if case .error(let refusal) = try session.reply(call), failure == nil {
                failure = session.failure(call, .answer(.refused(refusal)))
            }
        }
        switch try session.part(.look) {
        case .array(let count) where count == steps.count && failure == nil: return
        case .error(let line): throw failure ?? session.failure(.look, .answer(.refused(RedisRefusal(line))))
        default: throw failure ?? session.failure(.look, .answer(.unexpected))
        }
    }

    private func takeReply(
        _ step: Step, _ answer: inout Answer, _ take: ([UInt8], RedisValue?) -> Void
    ) throws(RedisFailure) {
        switch step {
        case .type(let name):
            guard case .text(let type) = try session.part(step.call) else {
                throw session.failure(step.call, .answer(.unexpected))
            }
            answer.types.append((name, type))
        case .strings(let names, _):
            try takeHead(names.count, step)
            for name in names {
                switch try session.part(step.call) {
                case .bulk(let value): take(name, .string(value))
                case .null:
                    take(name, nil)
                    answer.missing.append(name)
                default: throw session.failure(step.call, .answer(.unexpected))
                }
            }
        case .hash(let name, _):
            let reply = try session.reply(step.call)
            if case .error(let refusal) = reply {
                guard refusal.isWrongType else { throw session.failure(step.call, .answer(.refused(refusal))) }
                return answer.noHashes.append(name)
            }
            take(name, try value(ofHash: reply, step))
        case .scan:
            guard let reply = try session.reply(.scan).elements, reply.count == 2, let names = reply[1].elements else {
                throw session.failure(.scan, .answer(.unexpected))
            }
            answer.names = names.compactMap(\.bytes)
        }
    }

    private func takeHead(_ count: Int, _ step: Step) throws(RedisFailure) {
        switch try session.part(step.call) {
        case .array(count): return
        case .error(let line): throw session.failure(step.call, .answer(.refused(RedisRefusal(line))))
        default: throw session.failure(step.call, .answer(.unexpected))
        }
    }

    private func value(ofHash reply: RedisReply, _ step: Step) throws(RedisFailure) -> RedisValue? {
        guard let elements = reply.elements, elements.count % 2 == 0 else {
            throw session.failure(step.call, .answer(.unexpected))
        }
        // A hash without fields is not there.
        if elements.isEmpty { return nil }
        var pairs: [(field: [UInt8], value: [UInt8])] = []
        for index in stride(from: 0, to: elements.count, by: 2) {
            guard let field = elements[index].bytes, let value = elements[index + 1].bytes else {
                throw session.failure(step.call, .answer(.unexpected))
            }
            pairs.append((field, value))
        }
        return .hash(pairs)
    }
}
