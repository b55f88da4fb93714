import TextTemplate

/// Functions that ask the environment: variables, names and addresses, files, the time.
enum EnvironmentFunctions {
    static let table: [String: Function] = [
        "getenv": Function([.string], variadic: .string) { arguments in
            // A variable that is set but empty counts as missing.
            let value = arguments.rendering.environment.variable(arguments.string(0)) ?? ByteString()
            return value.isEmpty && arguments.count > 1 ? arguments[1] : .string(value)
        },
        "fileExists": Function([.string]) { .bool($0.rendering.environment.fileExists($0.string(0))) },
        "hostname": Function([], body: hostName),
        "lookupIP": Function([.string]) { addresses($0) { _ in true } },
        "lookupIPV4": Function([.string]) { addresses($0) { $0.contains(".") } },
        "lookupIPV6": Function([.string]) { addresses($0) { $0.contains(":") } },
        "lookupSRV": Function([.string, .string, .string], body: services),
        "lookupIfaceIPV4": Function([.string]) { interfaceAddress($0, isIPv4: true) },
        "lookupIfaceIPV6": Function([.string]) { interfaceAddress($0, isIPv4: false) },
    ]

    @Sendable private static func hostName(_ arguments: Arguments) throws(FunctionError) -> Value {
        do {
            return .string(try arguments.rendering.environment.hostName())
        } catch {
            throw FunctionError(.environment(error))
        }
    }

    private static func addresses(_ arguments: Arguments, where isWanted: (ByteString) -> Bool) -> Value {
        let host = arguments.string(0)
        let found = arguments.rendering.environment.addresses(ofHost: host)
        if found == nil { arguments.rendering.note(.lookupFailed(name: ByteString(host.array))) }
        let all = found ?? []
        let wanted = all.filter(isWanted).sorted().map { Value.string($0) }
        if wanted.isEmpty { return .slice(Slice(.string, [], isNil: true)) }
        return .slice(Slice(.string, wanted, capacity: Slice.capacity(afterAppending: wanted.count, of: .string)))
    }

    @Sendable private static func services(_ arguments: Arguments) -> Value {
        let found = arguments.rendering.environment.services(
            arguments.string(0), protocol: arguments.string(1), name: arguments.string(2))
        if found == nil {
            let name = (0..<3).map { arguments.string($0).text }
            let full = name[0].isEmpty && name[1].isEmpty ? name[2] : "_\(name[0])._\(name[1]).\(name[2])"
            arguments.rendering.note(.lookupFailed(name: ByteString(full)))
        }
        let sorted = (found ?? []).map { (key: $0.sortKey, record: $0) }.sorted { $0.key < $1.key }
        return .slice(Slice(.serviceRecord, sorted.map { .object($0.record) }))
    }

    private static func interfaceAddress(_ arguments: Arguments, isIPv4: Bool) -> Value {
        let all = arguments.rendering.environment.addresses(ofInterface: arguments.string(0))
        return .string(all.first { $0.contains(":") != isIPv4 } ?? ByteString())
    }
}
