import Backends
import Posix
import TOML

/// Everything that an operator can choose, complete and validated. Made by `SettingsLoader`, read by everyone.
package struct Settings: Sendable {
    // What to do
    /// The page that `-help` prints, nil without that option.
    package internal(set) var help: HelpPage?
    package internal(set) var showVersion = false
    /// The sub-command, nil without one: then confd keeps files up to date.
    package internal(set) var subcommand: Subcommand?
    /// For `register`: what is registered.
    package internal(set) var registration = RegisterArguments()
    /// For `release` and `clean`: the resource's name.
    package internal(set) var namedResource: String?
    /// For `render`: what is rendered.
    package internal(set) var rendering = RenderArguments()
    /// For `explain`: what is explained.
    package internal(set) var explaining = ExplainArguments()
    /// For `test`: which cases, and what is written.
    package internal(set) var testing = TestArguments()
    /// For `wait`: what is waited for.
    package internal(set) var waiting = WaitArguments()
    /// For `status`, `explain` and `rollout status`: print JSON.
    package internal(set) var json = false
    package internal(set) var onetime = false
    package internal(set) var watch = false
    package internal(set) var noop = false
    package internal(set) var syncOnly = false
    package internal(set) var keepStageFile = false
    package internal(set) var strict = false
    /// As `onetime` and `noop`, with differences shown and in the exit code.
    package internal(set) var check = false
    package internal(set) var diff = false
    /// Unchanged lines around a change.
    package internal(set) var diffContext = 3
    package internal(set) var color = ColorChoice.auto
    package internal(set) var validate = false
    package internal(set) var preflight = false
    /// The only resource file to look at, for `validate` and `preflight`.
    package internal(set) var resource: String?
    /// A JSON file that templates are tried over, for `validate`.
    package internal(set) var mockData: String?
    /// Whether the first failure ends a pass.
    package internal(set) var failFast = false
    /// What ends the command after `--`; nil: the signal that confd got.
    package internal(set) var stopSignal: Signal?
    /// The command after `--`, empty without one.
    package internal(set) var command: [String] = []

    // Where things are
    package internal(set) var confdir = "/etc/confd"
    package internal(set) var configFile = "/etc/confd/confd.toml"
    /// Where the daemon answers `confd status`; nil for none.
    package internal(set) var controlSocket: String? = "/run/confd/confd.sock"
    /// Where the daemon keeps what it has to know after a restart; nil for nowhere.
    package internal(set) var stateDirectory: String? = "/var/lib/confd"
    /// Where the last keys of backends are kept for the next start; nil for nowhere.
    package internal(set) var cache: String?
    /// The file with the keys that values are decrypted with; nil without.
    package internal(set) var ageIdentity: String?
    /// The global prefix; where it is set it replaces the one of every resource.
    package internal(set) var prefix: String?

    // Backend
    /// As it was given, an alias for example.
    package internal(set) var backendName = BackendRegistry.standard.name
    /// The options of all backends that were given.
    var backendOptions = BackendOptions()
    /// The chosen backend, or the first one that confd.toml lists; the standard one if its name is wrong.
    package internal(set) var backend: BackendConfiguration
    /// The backends that confd.toml lists, empty if it does not.
    package internal(set) var listedLayers: [BackendLayer] = []
    package internal(set) var backendTimeout = Duration.seconds(10)
    package internal(set) var retryFor = Duration.zero
    package internal(set) var preflightTimeout = Duration.seconds(10)

    // Timing
    package internal(set) var interval = Duration.seconds(600)
    package internal(set) var checkTimeout = Duration.seconds(30)
    package internal(set) var reloadTimeout = Duration.seconds(60)
    package internal(set) var shutdownTimeout = Duration.seconds(30)
    package internal(set) var debounce = Duration.zero
    /// nil is four times the debounce time.
    package internal(set) var maxWait: Duration?
    package internal(set) var splay = Duration.zero
    /// Between signs of life for systemd; nil is half of what the unit asks for.
    package internal(set) var watchdogInterval: Duration?

    // Logging
    package internal(set) var logLevel = LogLevel.info
    package internal(set) var logFormat = LogFormat.text
    /// Where metrics can be fetched, `HOST:PORT`.
    package internal(set) var metricsAddress: String?
    /// Who may see the state of resources at `metricsAddress`, in CIDR notation; empty for loopback addresses only.
    package internal(set) var statusAllow: [String] = []

    /// Where each option that was given got its value, by option name.
    package internal(set) var origins: [String: Origin] = [:]
    /// `[rollout]` of confd.toml: the fields that resources do not set themselves.
    var rollout: SettingsTable?
    /// Of `confd rollout`.
    package internal(set) var rolloutArguments = RolloutArguments()
    /// Warnings, for example of unknown keys in confd.toml.
    package internal(set) var warnings: [SettingsError] = []

    /// Distinguishes the leases of this confd from those of another one on the same host.
    package var servicePurpose: String {
        subcommand == .register ? "register \(registration.words.first ?? "")" : confdir
    }

    /// The backends that keys come from, the first before the others.
    package var layers: [BackendLayer] { listedLayers.isEmpty ? [BackendLayer(backend)] : listedLayers }

    init() {
        backend = BackendConfiguration(kind: BackendRegistry.standard, named: backendName, options: backendOptions)
    }
}

/// The first word of a command line, if it is one of these.
package enum Subcommand: String, CaseIterable, Sendable {
    /// Prints the state of the running daemon.
    case status
    /// Keeps one key in the store while a service is up, without a resource file.
    case register
    /// Lets through what the guard of a resource holds.
    case release
    /// Prints what a resource's template gives, and changes nothing.
    case render
    /// Says which keys and which places of a template a line is made of.
    case explain
    /// Renders templates over the keys of test cases, and compares.
    case test
    /// Waits until the running daemon has applied everything.
    case wait
    /// Removes the files of the items of a resource that is not there any more.
    case clean
    /// Tells how far a rollout is, halts it, or has it go on.
    case rollout

    /// How many words it takes that are neither flags nor their values.
    var wordCount: Int {
        switch self {
        case .wait: 0
        case .register, .rollout: 2
        case .status, .release, .clean, .render, .explain, .test: 1
        }
    }

    /// The options that only it has; those of all others can stand beside them.
    var ownOptions: [Option] {
        switch self {
        case .status, .release, .clean, .rollout: []
        case .register: OptionTable.registration
        case .render: OptionTable.rendering
        case .explain: OptionTable.explaining
        case .test: OptionTable.testing
        case .wait: OptionTable.waiting
        }
    }
}

/// A table of confd.toml that is read with each resource.
struct SettingsTable: Sendable {
    let table: TOMLTable
    let file: String
    let position: TOMLPosition
}

/// When differences are shown in colour.
package enum ColorChoice: String, Sendable {
    case always, never
    /// On a terminal.
    case auto
}

/// How log lines look.
package enum LogFormat: String, Sendable {
    /// As those of confd 0.17.
    case text
    /// A JSON object a line.
    case json
}

/// The pages that `-help` can print, each made from the option table.
package enum HelpPage: String, CaseIterable, Sendable {
    /// The page of `-help` alone: one screen.
    case summary
    /// Every option with its help.
    case all
    /// The manual page, for man(1).
    case man
    /// A shell's completions.
    case bash, zsh, fish
    /// The JSON schema of resource files and confd.toml, for editors.
    case schema
}
