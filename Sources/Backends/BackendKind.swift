/// A kind of backend: its names, its options, how it is opened. The directory of a backend declares one, and
/// `BackendRegistry` lists them; nothing else names a backend.
package protocol BackendKind: Sendable {
    /// The name for `-backend`, in logs and in metrics.
    var name: String { get }
    /// Further names for `-backend`.
    var aliases: [String] { get }
    /// Where keys come from, for its line in docs/backends.md.
    var summary: String { get }
    /// How changes are noticed, for the same line.
    var watching: String { get }
    /// The options that it reads; backends may share options.
    var options: [BackendOption] { get }
    /// The longest pause between attempts to reach it.
    var longestPause: Duration { get }
    /// Whether its backends are `LeasingBackend`s, so that services can be registered there.
    var takesRegistrations: Bool { get }
    /// Whether what it holds is secret, and never shown.
    var holdsSecrets: Bool { get }
    /// Whether its keys may be kept on disk, to begin with at the next start (`-cache`).
    var isCached: Bool { get }
    /// Whether they are `TransactingBackend`s whose keys have revisions, so that rollouts can be coordinated there.
    var takesRollouts: Bool { get }

    /// Sets the options that follow from others. `name` is the name by which the backend was chosen.
    func complete(_ options: inout BackendOptions, for name: String)
    /// The problems of `options`; contacts nothing.
    func problems(of options: BackendOptions) -> [BackendProblem]
    /// What is wrong with what is stored, where that is known without contacting anything: files. Warnings go to `context`.
    func contentErrors(of options: BackendOptions, in context: BackendContext) -> [BackendError]
    /// Log lines of a start with `options`, besides the name and the sources.
    func notices(of options: BackendOptions) -> [BackendNotice]
    /// Endpoints or files, for logs and metrics. Never a secret.
    func sources(of options: BackendOptions) -> [String]
    /// The path below which the backend keeps the keys of `path`.
    func path(of path: [UInt8]) -> [UInt8]
    /// A backend with `options`, which have no problems; nothing is contacted yet.
    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend
}

extension BackendKind {
    package var aliases: [String] { [] }
    package var longestPause: Duration { .seconds(15) }
    package var takesRegistrations: Bool { false }
    package var holdsSecrets: Bool { false }
    package var takesRollouts: Bool { false }
    package var isCached: Bool { false }
    package func complete(_ options: inout BackendOptions, for name: String) {}
    package func problems(of options: BackendOptions) -> [BackendProblem] { [] }
    package func contentErrors(of options: BackendOptions, in context: BackendContext) -> [BackendError] { [] }
    package func notices(of options: BackendOptions) -> [BackendNotice] { [] }
    package func path(of path: [UInt8]) -> [UInt8] { path }
}

/// The parts of the program that backends use.
package struct BackendContext: Sendable {
    /// The variables of the environment, without `=`; of equal names the last one counts.
    package let environment: @Sendable () -> [(name: [UInt8], value: [UInt8])]
    /// Logs a warning.
    package let warn: @Sendable (String) -> Void

    package init(
        environment: @escaping @Sendable () -> [(name: [UInt8], value: [UInt8])],
        warn: @escaping @Sendable (String) -> Void
    ) {
        self.environment = environment
        self.warn = warn
    }
}

/// A problem of the options of a backend.
package enum BackendProblem: Equatable, Sendable {
    /// The value at `index` of a list.
    case element(of: BackendOption, index: Int, BackendError)
    /// A required option was not given.
    case missing(BackendOption)
    /// Only one of the two was given.
    case incomplete(BackendOption, BackendOption)
    /// Probably a mistake, and no reason to stop.
    case warning(String, hint: String)
}

/// A line of the log at the start.
package enum BackendNotice: Equatable, Sendable {
    case warning(String)
    case information(String)
}
