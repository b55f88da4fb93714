/// What `confd wait` waits for.
package struct WaitArguments: Equatable, Sendable {
    /// `-revision`: the revision of the store that has to be applied; nil for whatever the daemon has read.
    package internal(set) var revision: Int64?
    /// `-timeout`; zero is for ever.
    package internal(set) var timeout = Duration.seconds(60)
}

extension OptionTable {
    /// The options of `confd wait`: flags of its command line alone.
    package static let waiting: [Option] = [
        Option(
            "revision", .waiting, "NUMBER", help: "until this revision of the store is applied, as a put returns it",
            .integer { $0.waiting.revision = Int64($1) }),
        Option(
            "timeout", .waiting, "TIME", help: "exit 5 after this time; 0: never",
            default: { seconds($0.waiting.timeout) }, .duration { $0.waiting.timeout = $1 }),
    ]
}
