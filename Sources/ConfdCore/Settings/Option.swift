/// One option: a flag of the command line, an environment variable and a key of confd.toml.
package struct Option: Sendable {
    /// The flag without dashes, for example `client-ca-keys`.
    package let name: String
    /// Further flags of the same meaning.
    package let aliases: [String]
    /// Further keys of confd.toml beside the name (where `_` and `-` are the same).
    package let keys: [String]
    /// Further environment variables beside `CONFD_<NAME>`.
    package let variables: [String]
    /// What help shows for the value, empty for a switch.
    package let placeholder: String
    package let help: String
    package let group: Group
    package let setter: Setter

    /// The sections of the help text.
    package enum Group: String, CaseIterable, Sendable {
        case mode = "What to do"
        case files = "Where things are"
        case backend = "Backend"
        case security = "TLS and authentication"
        case timing = "Timing"
        case logging = "Logging"
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
        /// Taken, checked for form, and without effect here.
        case ignored(isSwitch: Bool)
        /// Belongs to something that this program does not have: any value but the empty one is an error.
        case unavailable(isSwitch: Bool, String)
    }

    init(
        _ name: String, _ group: Group, _ placeholder: String = "", help: String, aliases: [String] = [],
        keys: [String] = [], variables: [String] = [], _ setter: Setter
    ) {
        self.name = name
        self.aliases = aliases
        self.keys = keys
        self.variables = variables
        self.placeholder = placeholder
        self.help = help
        self.group = group
        self.setter = setter
    }

    /// `CONFD_<NAME>` first, then the further variables.
    package var environmentNames: [String] {
        let own = name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
        return ["CONFD_" + own] + variables
    }

    /// Whether the flag stands without a value, as `-noop`.
    package var isSwitch: Bool {
        switch setter {
        case .flag, .page: true
        case .ignored(let isSwitch), .unavailable(let isSwitch, _): isSwitch
        case .text, .choice, .integer, .duration, .list: false
        }
    }
}

/// Where a value was given; errors name it.
package enum Origin: Equatable, Sendable {
    case flag(String)
    case environment(String)
    case file(path: String, line: Int, key: String)

    /// `-interval`, `CONFD_INTERVAL`, `/etc/confd/confd.toml:3: interval`.
    package var text: String {
        switch self {
        case .flag(let name): "-\(name)"
        case .environment(let name): name
        case .file(let path, let line, let key): "\(path):\(line): \(key)"
        }
    }
}

/// Values as they were given, not yet understood: option name → values of one source.
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

/// A usage or configuration error: exit code 2.
package struct SettingsError: Error, Equatable, Sendable {
    package let message: String
    package let hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}
