/// An option of one or more backends: a flag, an environment variable, a key of confd.toml and a key of `[backend]` tables.
package struct BackendOption: Equatable, Sendable {
    /// How a value is read.
    package enum Form: Equatable, Sendable {
        case flag
        case text
        case choice([String])
        case duration
        /// Repeatable; `commas` says whether one value may hold several.
        case list(commas: Bool)
    }

    /// The section of the help text.
    package enum Group: Sendable {
        case backend
        /// Of one or two backends, and seldom needed.
        case details
        case security, timing
    }

    /// The words of the error if a required option is missing.
    package struct Need: Equatable, Sendable {
        /// For example `the files to read`.
        package let subject: String
        package let example: String
    }

    /// What about the option is secret.
    package enum Secrecy: Sendable {
        case none
        /// The value: from the command line that all users of the machine can read, and from commands.
        case value
        /// The path of a file: from commands.
        case path
    }

    /// The flag without dashes.
    package let name: String
    /// Further flags.
    package let aliases: [String]
    /// Further keys of confd.toml.
    package let keys: [String]
    /// The key of a `[backend]` table.
    package let tableKey: String
    /// Further environment variables beside `CONFD_<NAME>`.
    package let variables: [String]
    /// Environment variables that are read where nothing else gives a value.
    package let fallbackVariables: [String]
    package let group: Group
    /// The placeholder of the value in help, empty for a switch.
    package let placeholder: String
    package let help: String
    package let defaultValue: BackendOptions.Value?
    package let need: Need?
    package let secrecy: Secrecy
    package let form: Form

    init(
        _ name: String, _ group: Group, _ placeholder: String = "", help: String,
        default: BackendOptions.Value? = nil, aliases: [String] = [], keys: [String] = [], tableKey: String? = nil,
        variables: [String] = [], fallbackVariables: [String] = [], need: Need? = nil, secrecy: Secrecy = .none,
        _ form: Form
    ) {
        self.name = name
        self.aliases = aliases
        self.keys = keys
        self.tableKey = tableKey ?? String(name.map { $0 == "-" ? "_" : $0 })
        self.variables = variables
        self.fallbackVariables = fallbackVariables
        self.group = group
        self.placeholder = placeholder
        self.help = help
        defaultValue = `default`
        self.need = need
        self.secrecy = secrecy
        self.form = form
    }

    /// The option as another backend reads it, with a secrecy of its own.
    func with(secrecy: Secrecy) -> BackendOption {
        BackendOption(
            name, group, placeholder, help: help, default: defaultValue, aliases: aliases, keys: keys,
            tableKey: tableKey, variables: variables, fallbackVariables: fallbackVariables, need: need,
            secrecy: secrecy, form)
    }
}

/// The values that were given for options of backends. An empty value counts as not given.
package struct BackendOptions: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case flag(Bool)
        case text(String)
        case duration(Duration)
        case list([String])

        fileprivate var isEmpty: Bool {
            switch self {
            case .text(let text): text.isEmpty
            case .list(let elements): elements.isEmpty
            case .flag, .duration: false
            }
        }
    }

    /// By the name of the option.
    private var values: [String: Value] = [:]

    package init() {}

    /// The value of the option with this name; nil if it was not given.
    package subscript(name: String) -> Value? {
        get { values[name] }
        set { values[name] = newValue.flatMap { $0.isEmpty ? nil : $0 } }
    }

    /// The values of `options` alone.
    package func only(_ options: [BackendOption]) -> BackendOptions {
        var copy = BackendOptions()
        for option in options { copy[option.name] = self[option.name] }
        return copy
    }

}

// For the backends.
extension BackendOptions {
    /// Whether a value was given.
    func has(_ option: BackendOption) -> Bool { self[option.name] != nil }

    func flag(_ option: BackendOption) -> Bool? {
        if case .flag(let flag)? = value(option) { flag } else { nil }
    }

    func text(_ option: BackendOption) -> String? {
        if case .text(let text)? = value(option) { text } else { nil }
    }

    func duration(_ option: BackendOption) -> Duration? {
        if case .duration(let duration)? = value(option) { duration } else { nil }
    }

    func list(_ option: BackendOption) -> [String] {
        if case .list(let elements)? = value(option) { elements } else { [] }
    }

    /// The given value, or the default.
    private func value(_ option: BackendOption) -> Value? { self[option.name] ?? option.defaultValue }
}
