import KeyValue

/// The value of a key that has one.
enum RedisValue: Equatable {
    case string([UInt8])
    case hash([(field: [UInt8], value: [UInt8])])

    static func == (left: RedisValue, right: RedisValue) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)): left == right
        case (.hash(let left), .hash(let right)): left.elementsEqual(right) { $0 == $1 }
        case (.string, .hash), (.hash, .string): false
        }
    }
}

/// How it is found out that no key came or went while keys were read.
enum RedisProof {
    /// Redis looks the names up in the same transaction, in one go. Everybody else waits for as long as it goes through all of
    /// its keys: about 1 µs for each.
    case inTransaction
    /// The names are looked up again afterwards, piece by piece. A key that came and is gone again is missed.
    case twice
    /// The caller has another way.
    case ofCaller
}

/// What was read of some ranges.
struct RedisContents {
    var snapshot: Snapshot
    /// The ranges whose folders were read; of the others only the key at the top, as in confd.
    var scanned: [RedisRange]
    /// The types of the keys at the top of the ranges, by name.
    var types: [[UInt8]: [UInt8]]
    /// The keys of each hash, by the hash's name.
    var fields: [[UInt8]: Set<[UInt8]>] = [:]

    /// How often it was changed since it was read.
    var changes = 0

    /// How many keys redis has for it.
    var nameCount: Int { snapshot.count - fields.values.reduce(0) { $0 + $1.count } + fields.count }
}

/// Reads keys of one server. All values are read in one transaction, so they are of one moment; which keys there are is found
/// out before, and made sure of afterwards.
final class RedisReader {
    let session: RedisSession
    let names: RedisNames
    let ranges: [RedisRange]
    let warnings: Warnings
    /// Names of hashes: a guess that saves asking for types.
    var hashes: Set<[UInt8]>

    static let string = Array("string".utf8)
    static let hash = Array("hash".utf8)

    init(
        _ session: RedisSession, _ names: RedisNames, _ ranges: [KeyRange], _ hashes: Set<[UInt8]>, _ warnings: Warnings
    ) {
        self.session = session
        self.names = names
        self.ranges = ranges.map { RedisRange($0, names) }
        self.hashes = hashes
        self.warnings = warnings
    }

    /// Reads everything, with a proof that no key came or went meanwhile.
    func readAll(_ proof: RedisProof) throws(RedisFailure) -> RedisContents {
        var attempts = Attempts()
        do throws(RedisFailure) {
            while true {
                if let contents = try attempt(proof, &attempts) { return contents }
                if ContinuousClock.now >= session.deadline { throw session.failure(.scan, .answer(.changing)) }
            }
        } catch {
            throw error.isTimeOver && attempts.count > 1 ? session.failure(.scan, .answer(.changing)) : error
        }
    }

    private struct Attempts {
        var count = 0
        /// The names that were there at last.
        var scan: (ranges: [RedisRange], names: Set<[UInt8]>)?
    }

    /// After this many attempts with `twice`, names are looked up in the transaction.
    private static let attemptsOutside = 2

    /// Nil if it has to be done again.
    private func attempt(_ proof: RedisProof, _ attempts: inout Attempts) throws(RedisFailure) -> RedisContents? {
        session.beginRead()
        attempts.count += 1
        let types = try types(of: ranges.compactMap(\.own))
        for (name, type) in types where type == Self.hash { hashes.insert(name) }
        let scanned = ranges.filter { $0.own.map { ![Self.string, Self.hash].contains(types[$0]) } ?? true }
        let present: Set<[UInt8]>
        if let scan = attempts.scan, scan.ranges == scanned {
            present = scan.names
        } else {
            present = try scan(scanned)
        }
        let scansAtOnce = proof == .inTransaction || proof == .twice && attempts.count > Self.attemptsOutside
        let (contents, names) = try contents(types, scanned, present, scansAtOnce && !scanned.isEmpty)
        if proof == .ofCaller || scanned.isEmpty { return contents }
        let again: Set<[UInt8]>
        if let names { again = names } else { again = try scan(scanned) }
        attempts.scan = (scanned, again)
        return again == present ? contents : nil
    }

    /// What is read of `present`, nil if it has to be read again; and the names that were there then, if they were looked up.
    private func contents(
        _ types: [[UInt8]: [UInt8]], _ scanned: [RedisRange], _ present: Set<[UInt8]>, _ scansAtOnce: Bool
    ) throws(RedisFailure) -> (RedisContents?, names: Set<[UInt8]>?) {
        var contents = RedisContents(snapshot: Snapshot([]), scanned: scanned, types: types)
        let builder = Snapshot.Builder()
        let wanted = present.union(ranges.filter { !scanned.contains($0) }.compactMap(\.own))
        let outcome = try read(Set(types.keys), wanted, contents, scansAtOnce: scansAtOnce) { name, value in
            for update in update(name, value, &contents) {
                guard let value = update.value else { continue }
                update.key.withUnsafeBufferPointer { key in
                    value.withUnsafeBufferPointer { builder.append(key: key, value: $0) }
                }
            }
        }
        contents.snapshot = builder.finish()
        let names = outcome.names.map { names in Set(names.filter { name in scanned.contains { $0.holds(name) } }) }
        return (outcome.isDone && outcome.areSameKinds ? contents : nil, names)
    }

    /// Reads the keys `changed` anew, and applies them to `contents`. Returns false, and changes nothing, if the key at the top
    /// of a range has become another kind of thing: then everything has to be read.
    func refresh(_ contents: inout RedisContents, _ changed: Set<[UInt8]>) throws(RedisFailure) -> Bool {
        session.beginRead()
        let own = changed.filter { contents.types[$0] != nil }
        let wanted = changed.filter { name in
            contents.scanned.contains { $0.holds(name) }
                || own.contains(name) && [Self.string, Self.hash].contains(contents.types[name])
        }
        while true {
            var next = contents
            var updates: [Update] = []
            let outcome = try read(own, wanted, contents) { name, value in updates += update(name, value, &next) }
            if !outcome.areSameKinds { return false }
            if outcome.isDone {
                if let changed = contents.snapshot.changed(by: updates) {
                    next.snapshot = changed
                    next.changes += 1
                }
                contents = next
                return true
            }
            if ContinuousClock.now >= session.deadline { throw session.failure(.look, .answer(.changing)) }
        }
    }

    /// The changes that the value of a key makes; notes which keys a hash has.
    private func update(_ name: [UInt8], _ value: RedisValue?, _ contents: inout RedisContents) -> [Update] {
        let former = contents.fields.removeValue(forKey: name) ?? [names.key(of: name)]
        switch value {
        case nil: return former.map { Update(key: $0, value: nil) }
        case .string(let bytes):
            let key = names.key(of: name)
            return former.filter { $0 != key }.map { Update(key: $0, value: nil) } + [Update(key: key, value: bytes)]
        case .hash(let pairs):
            var keys: Set<[UInt8]> = []
            var updates: [Update] = []
            for pair in pairs {
                let key = names.key(of: name, field: pair.field)
                keys.insert(key)
                updates.append(Update(key: key, value: pair.value))
            }
            contents.fields[name] = keys
            return former.subtracting(keys).map { Update(key: $0, value: nil) } + updates
        }
    }
}
