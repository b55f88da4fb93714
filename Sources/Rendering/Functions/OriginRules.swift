import KeyValue
import TextTemplate

/// Rules for what the results of functions are made of. Without a rule, that is all of all arguments: it may name too many
/// origins, but never too few.
enum OriginRules {
    /// The rules for a rendering over `snapshot`.
    static func table(over snapshot: Snapshot) -> [String: ProvenanceRule] {
        keys(snapshot).merging(values) { _, _ in preconditionFailure("two rules have one name") }
    }

    /// The rules of the functions that read keys; they also note which key or pattern was asked for.
    private static func keys(_ snapshot: Snapshot) -> [String: ProvenanceRule] {
        let table: [String: @Sendable (TracedCall, OriginTrace) -> Provenance] = [
            "exists": { call, trace in
                Provenance(trace.union([trace.set(Origin(.key, copy(call.text(0)))), trace.everything(in: call, 0)]))
            },
            "get": { call, trace in
                trace.pair(copy(call.text(0)), chosenBy: trace.everything(in: call, 0))
            },
            "getv": { call, trace in value(call, trace, snapshot) },
            "gets": { call, trace in pairs(call, trace, isSecret: false) },
            "decrypt": secret, "cgetv": secret,
            "cget": { call, trace in
                trace.pair(copy(call.text(0)), chosenBy: trace.everything(in: call, 0), isSecret: true)
            },
            "cgets": { call, trace in pairs(call, trace, isSecret: true) },
            "cgetvs": { call, trace in secrets(call, trace, snapshot) },
            "getvs": { call, trace in values(call, trace, snapshot) },
            "ls": { call, trace in names(call, trace, snapshot, directoriesOnly: false) },
            "lsdir": { call, trace in names(call, trace, snapshot, directoriesOnly: true) },
            "healthy": health, "health": health,
        ]
        return table.reduce(into: [:]) { rules, rule in
            rules[rule.key] = .made { call, trace in
                trace.note(rule.key, copy(call.text(0)))
                return rule.value(call, trace)
            }
        }
    }

    private static let values: [String: ProvenanceRule] = [
        "json": .made(decoded), "jsonArray": .made(decoded), "fromJson": .made(decoded),
        "include": .made { call, trace in
            let name = trace.everything(in: call, 0)
            return trace.output.map { Provenance(name, .output($0)) }
                ?? Provenance(trace.union([name, trace.everything(in: call, 1)]))
        },

        "default": .made { call, trace in
            call.arguments[1].isEmpty
                ? trace.adding(trace.everything(in: call, 1), to: call.provenances[0]) : call.provenances[1]
        },
        "coalesce": .made(coalesce),
        "ternary": .made { call, trace in
            guard case .bool(let choice) = call.arguments[2] else { return Provenance() }
            return trace.adding(trace.everything(in: call, 2), to: call.provenances[choice ? 0 : 1])
        },
        "nindent": .made { call, trace in
            Provenance(trace.union([trace.everything(in: call, 0), trace.everything(in: call, 1)]), .newLine)
        },
        "required": .made { call, _ in call.provenances[1] },

        "list": .made { call, _ in Provenance(.none, .list(ListProvenance(call.provenances))) },
        "append": .made { call, trace in
            let elements = trace.elements(of: call.arguments[0], call.provenances[0]) + [call.provenances[1]]
            return Provenance(call.provenances[0].own, .list(ListProvenance(elements)))
        },
        "map": .made(entries), "dict": .made(entries),
        "first": .made { call, trace in element(0, of: call, trace) },
        "last": .made { call, trace in element(nil, of: call, trace) },
        "reverse": .rearranged, "sortByLength": .rearranged, "sortKVByLength": .rearranged,
        "sortAlpha": .rearranged, "uniq": .rearranged, "without": .rearranged, "concat": .rearranged,
    ]

    /// A copy, because the trace outlives the snapshot.
    private static func copy(_ text: ByteString) -> ByteString { ByteString(text.array) }

    // MARK: - Keys

    private static func value(_ call: TracedCall, _ trace: OriginTrace, _ snapshot: Snapshot) -> Provenance {
        let key = copy(call.text(0))
        let chosen = trace.everything(in: call, 0)
        if key.withBytes({ snapshot.find($0) }) == nil, call.provenances.count > 1 {
            return trace.adding(trace.union([trace.set(Origin(.key, key)), chosen]), to: call.provenances[1])
        }
        return trace.entry(key, chosenBy: chosen)
    }

    private static func pairs(_ call: TracedCall, _ trace: OriginTrace, isSecret: Bool) -> Provenance {
        guard case .slice(let list) = call.result else { return Provenance() }
        let elements = (0..<list.count).map { index -> Provenance in
            guard case .pair(let pair) = list[index] else { return Provenance() }
            return trace.pair(copy(pair.key), isSecret: isSecret)
        }
        return Provenance(trace.everything(in: call, 0), .list(ListProvenance(elements)))
    }

    /// The values are sorted, so that each may be anywhere if another changes.
    private static func values(_ call: TracedCall, _ trace: OriginTrace, _ snapshot: Snapshot) -> Provenance {
        // As `sortedValues` has them: equal ones may be any of theirs.
        let sorted = matches(call, snapshot).sorted { one, other in
            ByteString(snapshot.valueBytes(one)) < ByteString(snapshot.valueBytes(other))
        }
        let elements = sorted.map { trace.entry(ByteString(snapshot.keyBytes($0))) }
        return Provenance(
            trace.everything(in: call, 0), .list(ListProvenance(elements, isRearranged: true)))
    }

    /// The indices of the keys that match the pattern of a call that has succeeded.
    private static func matches(_ call: TracedCall, _ snapshot: Snapshot) -> [Int] {
        let ranges = call.text(0).withBytes { try? snapshot.glob(Glob($0), near: 0) }
        return (ranges ?? []).flatMap { Array($0) }
    }

    /// A name is there as long as any of the keys that it stands for.
    private static func names(
        _ call: TracedCall, _ trace: OriginTrace, _ snapshot: Snapshot, directoriesOnly: Bool
    ) -> Provenance {
        guard case .slice(let list) = call.result else { return Provenance() }
        let path = call.text(0).array
        let elements = (0..<list.count).map { index -> Provenance in
            guard case .string(let name) = list[index] else { return Provenance() }
            let keys = listed(name.array, in: path, snapshot, directoriesOnly: directoriesOnly)
            return Provenance(trace.union(keys.map { trace.set($0) }))
        }
        return Provenance(trace.everything(in: call, 0), .list(ListProvenance(elements)))
    }

    /// What a name that was listed in `path` stands for.
    private static func listed(
        _ name: [UInt8], in path: [UInt8], _ snapshot: Snapshot, directoriesOnly: Bool
    ) -> [Origin] {
        let isThere: ([UInt8]) -> Bool = { $0.withUnsafeBufferPointer { snapshot.find($0) } != nil }
        let directory = Path.join([[UInt8(ascii: "/")], path])
        let isRoot = directory.count == 1
        // The root lists keys alone, and in an unclean path the first part of all that is below counts as one name.
        if isRoot { return [Origin(.key, ByteString(Path.join([directory, name])))] }
        let isClean = path == directory || path == directory + [UInt8(ascii: "/")]
        let whole = isClean ? Path.join([directory, name]) : directory
        let keys = snapshot.view(of: [KeyRange(cleaned: whole)], strippingPrefix: [])
        let first = directoriesOnly && isThere(whole) ? 1 : 0
        let below =
            keys.count == first + 1
            ? Origin(.key, ByteString(keys.keyBytes(first))) : Origin(.directory, ByteString(whole))
        // A key lists its own name besides.
        return !directoriesOnly && isThere(path) ? [Origin(.key, ByteString(path)), below] : [below]
    }

    @Sendable private static func secret(_ call: TracedCall, _ trace: OriginTrace) -> Provenance {
        trace.entry(copy(call.text(0)), chosenBy: trace.everything(in: call, 0), isSecret: true)
    }

    /// The plain texts are sorted, so it is not known which key each of them is of.
    private static func secrets(_ call: TracedCall, _ trace: OriginTrace, _ snapshot: Snapshot) -> Provenance {
        let sets = matches(call, snapshot).map { index in
            trace.set(Origin(.key, ByteString(snapshot.keyBytes(index)), isSecret: true))
        }
        return Provenance(trace.union([trace.everything(in: call, 0)] + sets))
    }

    @Sendable private static func health(_ call: TracedCall, _ trace: OriginTrace) -> Provenance {
        Provenance(trace.union([trace.set(Origin(.key, copy(call.text(0)))), trace.everything(in: call, 0)]))
    }

    // MARK: - Values

    @Sendable private static func decoded(_ call: TracedCall, _ trace: OriginTrace) -> Provenance {
        if case .document = call.provenances[0].parts { return call.provenances[0] }
        return Provenance(trace.everything(in: call, 0))
    }

    @Sendable private static func coalesce(_ call: TracedCall, _ trace: OriginTrace) -> Provenance {
        var before: OriginSet = .none
        for (index, argument) in call.arguments.enumerated() {
            if !argument.isEmpty { return trace.adding(before, to: call.provenances[index]) }
            before = trace.union([before, trace.everything(in: call, index)])
        }
        return Provenance(before)
    }

    @Sendable private static func entries(_ call: TracedCall, _ trace: OriginTrace) -> Provenance {
        var entries: [ByteString: Provenance] = [:]
        for index in stride(from: 0, to: call.arguments.count - 1, by: 2) {
            entries[copy(call.text(index))] = trace.adding(
                trace.everything(in: call, index), to: call.provenances[index + 1])
        }
        return Provenance(.none, .entries(entries))
    }

    /// The first element, or with nil the last one.
    private static func element(_ index: Int?, of call: TracedCall, _ trace: OriginTrace) -> Provenance {
        let list = call.provenances[0]
        guard case .list(let known) = list.parts, !known.isRearranged,
            case .slice(let slice) = call.arguments[0], slice.count > 0, slice.count == known.elements.count
        else { return Provenance(trace.everything(in: list)) }
        return trace.adding(list.own, to: known.elements[index ?? slice.count - 1])
    }
}

extension OriginTrace {
    /// A trace of a rendering over `snapshot`, the view of a resource.
    package convenience init(over snapshot: Snapshot) { self.init(rules: OriginRules.table(over: snapshot)) }

    fileprivate func everything(in call: TracedCall, _ argument: Int) -> OriginSet {
        argument < call.provenances.count ? everything(in: call.provenances[argument]) : .none
    }
}

extension TracedCall {
    /// An argument that the function takes as text.
    fileprivate func text(_ index: Int) -> ByteString {
        if case .string(let text) = arguments[index] { text } else { ByteString() }
    }
}
