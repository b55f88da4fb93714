import KeyValue

// Commands.
extension RedisReader {
    private static let scanCount = "1000"
    private static let none = Array("none".utf8)

    /// The types of `names`; empty where the user may not ask: with permission for a folder alone, the key at its top is
    /// closed.
    func types(of names: [[UInt8]]) throws(RedisFailure) -> [[UInt8]: [UInt8]] {
        var commands = RESPEncoder()
        for name in names { commands.add([Array("TYPE".utf8), name]) }
        try session.send(commands, .look)
        var types: [[UInt8]: [UInt8]] = [:]
        var refusal: RedisRefusal?
        for name in names {
            switch try session.reply(.look) {
            case .text(let type): types[name] = type
            case .error(let error) where error.isForbidden: types[name] = []
            case .error(let error): refusal = error
            default: throw session.failure(.look, .answer(.unexpected))
            }
        }
        if let refusal { throw session.failure(.look, .answer(.refused(refusal))) }
        return types
    }

    /// How many keys the database has; nil if the user may not know.
    func size() throws(RedisFailure) -> Int? {
        session.beginRead()
        do throws(RedisFailure) {
            if case .integer(let count) = try session.call(["DBSIZE"], .look) { return Int(count) }
            throw session.failure(.look, .answer(.unexpected))
        } catch {
            if error.refusal?.isForbidden == true { return nil }
            throw error
        }
    }

    /// The names of all keys in the folders of `ranges`.
    func scan(_ ranges: [RedisRange]) throws(RedisFailure) -> Set<[UInt8]> {
        var found: Set<[UInt8]> = []
        if ranges.isEmpty { return found }
        let pattern = RedisRange.pattern(ranges)
        var cursor = Array("0".utf8)
        repeat {
            let words = ["SCAN", "", "MATCH", "", "COUNT", Self.scanCount].map { Array($0.utf8) }
            let command = [words[0], cursor, words[2], pattern, words[4], words[5]]
            let reply = try session.call(command, .scan).elements
            guard let reply, reply.count == 2, let next = reply[0].bytes, let names = reply[1].elements,
                next.count <= 20
            else { throw session.failure(.scan, .answer(.unexpected)) }
            for name in names {
                guard let name = name.bytes else { throw session.failure(.scan, .answer(.unexpected)) }
                if ranges.contains(where: { $0.holds(name) }) { found.insert(name) }
            }
            cursor = next
        } while cursor != Array("0".utf8)
        return found
    }

    struct Outcome {
        /// False if it has to be repeated, because keys turned out to be of other types than was thought.
        var isDone = true
        /// Whether the keys at the top of ranges are of the types in the contents.
        var areSameKinds = true
        var names: [[UInt8]]?
    }

    /// Reads `wanted` in one transaction, and passes each to `take`; nil is a key that is not there. The types of the keys
    /// `own` are looked at again.
    func read(
        _ own: Set<[UInt8]>, _ wanted: Set<[UInt8]>, _ contents: RedisContents, scansAtOnce: Bool = false,
        take: ([UInt8], RedisValue?) -> Void
    ) throws(RedisFailure) -> Outcome {
        var transaction = RedisTransaction(session)
        for name in own where contents.types[name] != [] { transaction.addType(name) }
        let sorted = wanted.sorted { $0.lexicographicallyPrecedes($1) }
        for range in ranges {
            let names = sorted.filter { range.own == $0 || range.holds($0) }
            transaction.addValues(names, hashes: hashes, of: range.range)
        }
        if scansAtOnce { transaction.addScan(RedisRange.pattern(contents.scanned)) }
        if transaction.isEmpty { return Outcome() }
        let answer = try transaction.run(take: take)
        hashes.subtract(answer.noHashes)
        let canBeRead = try learn(answer.missing)
        return Outcome(
            isDone: !canBeRead && answer.noHashes.isEmpty,
            areSameKinds: answer.types.allSatisfy { contents.types[$0] == $1 }, names: answer.names)
    }

    /// Finds out what the keys are that have no string; true if some of them can be read another time.
    private func learn(_ missing: [[UInt8]]) throws(RedisFailure) -> Bool {
        if missing.isEmpty { return false }
        var canBeRead = false
        for (name, type) in try types(of: missing) {
            switch type {
            case Self.none: break
            case Self.string: canBeRead = true
            case Self.hash:
                hashes.insert(name)
                canBeRead = true
            default:
                let text = printable(type)
                warnings.issue("redis: only strings and hashes are read: keys with a \(text) are left out")
            }
        }
        return canBeRead
    }
}
