/// What `confd register KEY VALUE` is to do: a service that is given on the command line.
package struct RegisterArguments: Equatable, Sendable {
    /// The words after `register`: the key, then the value.
    package internal(set) var words: [String] = []
    /// `-check`: URLs such as `http://:8888/health`, `tcp://:8001`; all of them must be up.
    package internal(set) var checks: [String] = []
    /// `-check-interval`, `-check-timeout`, `-rise` and `-fall` of each check.
    package internal(set) var interval = Duration.seconds(5)
    package internal(set) var timeout: Duration?
    package internal(set) var rise = 2
    package internal(set) var fall = 3
    package internal(set) var ttl = Duration.seconds(10)
    package internal(set) var drain = Duration.zero
    package internal(set) var onConflict = ConflictAction.wait
}

extension OptionTable {
    /// The options of `confd register`: flags of its command line alone, because their names mean something else without
    /// it (`-check`), or nothing.
    package static let registration: [Option] = [
        Option(
            "check", .registration, "URL", help: "register once http, https, tcp, tls or grpc answers; repeatable",
            .list(commas: false) { $0.registration.checks = $1 }),
        Option(
            "check-interval", .registration, "TIME", help: "time between two probes",
            default: { seconds($0.registration.interval) }, .duration { $0.registration.interval = $1 }),
        Option(
            "check-timeout", .registration, "TIME", help: "limit of one probe (2s, or the interval)",
            .duration { $0.registration.timeout = $1 }),
        Option(
            "rise", .registration, "COUNT", help: "successes in a row until it is up",
            default: { "\($0.registration.rise)" }, .integer { $0.registration.rise = $1 }),
        Option(
            "fall", .registration, "COUNT", help: "failures in a row until it is down",
            default: { "\($0.registration.fall)" }, .integer { $0.registration.fall = $1 }),
        Option(
            "ttl", .registration, "TIME", help: "how long the key outlives confd",
            default: { seconds($0.registration.ttl) }, .duration { $0.registration.ttl = $1 }),
        Option(
            "drain", .registration, "TIME", help: "wait after the key is removed, before COMMAND gets TERM",
            default: { seconds($0.registration.drain) }, .duration { $0.registration.drain = $1 }),
        Option(
            "on-conflict", .registration, "NAME", help: "if the key is somebody else's: wait or fail",
            default: { $0.registration.onConflict.rawValue },
            .choice(ConflictAction.allCases.map(\.rawValue)) { settings, name in
                settings.registration.onConflict = ConflictAction(rawValue: name) ?? .wait
            }),
    ]
}

/// What is done while the key of a service is somebody else's.
package enum ConflictAction: String, CaseIterable, Sendable {
    /// It is tried again, for as long as it takes.
    case wait
    /// It is given up, with an error.
    case fail
}
