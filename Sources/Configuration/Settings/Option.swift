import Diagnostics

/// One option: a flag of the command line, an environment variable and a key of confd.toml.
package final class Option: Sendable {
    /// The flag without dashes, for example `client-ca-keys`.
    package let name: String
    /// Further flags of the same meaning.
    package let aliases: [String]
    /// Further keys of confd.toml beside the name (where `_` and `-` are the same).
    package let keys: [String]
    /// Further environment variables beside `CONFD_<NAME>`.
    package let variables: [String]
    /// The placeholder of the value in help, empty for a switch.
    package let placeholder: String
    /// Its help text, without the default.
    package let summary: String
    /// The default in `Settings`, as text; nil where there is none to show.
    private let shownDefault: @Sendable (Settings) -> String?
    package let group: Group
    package let setter: Setter
    /// The value if none follows the flag; nil if one is required.
    package let valueWhenAlone: String?

    /// The sections of the help text.
    package enum Group: String, CaseIterable, Sendable {
        case mode = "What to do"
        case files = "Where things are"
        case backend = "Backend"
        case details = "More of backends"
        case security = "TLS and authentication"
        case timing = "Timing"
        case logging = "Logging"
        case status = "Status"
        case registration = "With register"
        case rendering = "With render"
        case explaining = "With explain"
        case testing = "With test"
        case waiting = "With wait"
        case compatibility = "Taken for compatibility"
    }

    /// How a value is read and where it goes.
    package enum Setter: Sendable {
        case flag(@Sendable (inout Settings, Bool) -> Void)
        /// A switch that may name a page: `-help`, `-help=man`.
        case page(@Sendable (inout Settings, HelpPage?) -> Void)
        case text(@Sendable (inout Settings, String) -> Void)
        case choice([String], @Sendable (inout Settings, String) -> Void)
        case integer(@Sendable (inout Settings, Int) -> Void)
        case duration(@Sendable (inout Settings, Duration) -> Void)
        /// Repeatable; `commas` says whether one value may hold several.
        case list(commas: Bool, @Sendable (inout Settings, [String]) -> Void)
        /// Accepted and checked for its form, without effect.
        case ignored(isSwitch: Bool)
        /// Belongs to a backend that is not built, by its name: ignored, with a warning where it was given on purpose.
        case foreign(isSwitch: Bool, backend: String)
    }

    init(
        _ name: String, _ group: Group, _ placeholder: String = "", help: String,
        default: @escaping @Sendable (Settings) -> String? = { _ in nil }, aliases: [String] = [],
        keys: [String] = [], variables: [String] = [], alone: String? = nil, _ setter: Setter
    ) {
        self.name = name
        self.aliases = aliases
        self.keys = keys
        self.variables = variables
        self.placeholder = placeholder
        summary = help
        shownDefault = `default`
        self.group = group
        self.setter = setter
        valueWhenAlone = alone
    }

    /// The default as help, the manual page and docs/settings.md show it; nil where there is none to show.
    package var defaultText: String? { shownDefault(Settings()) }

    /// Its help text with the default.
    package var help: String { summary + (defaultText.map { " (\($0))" } ?? "") }

    /// `CONFD_<NAME>` first, then the further variables; only the latter for options that the environment must not set.
    package var environmentNames: [String] {
        takesOwnVariable ? [ownVariable] + variables : variables
    }

    /// `CONFD_<NAME>`, whether or not it is read.
    var ownVariable: String { Self.variable(name) }

    /// `CONFD_<NAME>` of a flag.
    static func variable(_ name: String) -> String {
        let own = name.uppercased().utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
        return environmentPrefix + String(decoding: own, as: UTF8.self)
    }

    /// The prefix of all environment variables except the further ones.
    static let environmentPrefix = "CONFD_"

    /// Whether the flag stands without a value, as `-noop`.
    package var isSwitch: Bool {
        switch setter {
        case .flag, .page: true
        case .ignored(let isSwitch), .foreign(let isSwitch, _): isSwitch
        case .text, .choice, .integer, .duration, .list: false
        }
    }

    /// Whether the flag belongs to a backend that is not built.
    var isForeign: Bool {
        if case .foreign = setter { true } else { false }
    }

    /// Whether `CONFD_<NAME>` sets it. Container images call the release that they downloaded `CONFD_VERSION`: such a
    /// leftover must not change what a run does, nor matter to a backend that is not in use.
    private var takesOwnVariable: Bool { !isForeign && !OptionTable.onlyOnCommandLine.contains(name) }
}

/// Where a value was given; errors name it.
package enum Origin: Equatable, Sendable {
    case flag(String)
    case environment(String)
    case file(Location, key: String)

    /// The option as it was written: `-interval`, `CONFD_INTERVAL`, `interval`.
    package var name: String {
        switch self {
        case .flag(let name): "-\(name)"
        case .environment(let name): name
        case .file(_, let key): key
        }
    }

    /// The name, in a file with its place: `/etc/confd/confd.toml:3:12: interval`.
    package var text: String {
        if case .file(let location, _) = self { "\(location): \(name)" } else { name }
    }
}

/// Values as they were given, not yet parsed: option name → values of one source.
package struct RawOptions: Sendable {
    package struct Value: Equatable, Sendable {
        package let text: String
        package let origin: Origin
    }

    package private(set) var values: [String: [Value]] = [:]

    package mutating func add(_ text: String, to option: Option, origin: Origin) {
        values[option.name, default: []].append(Value(text: text, origin: origin))
    }
}
