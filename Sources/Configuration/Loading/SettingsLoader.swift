import Backends
import Posix
import TOML

/// Makes `Settings` from the command line, the environment and confd.toml, in this order of precedence.
package struct SettingsLoader {
    private let environment: [String: String]
    /// Whether a file exists; injected so that tests need no files.
    private let fileExists: (String) -> Bool
    var settings = Settings()
    var errors: [SettingsError] = []
    /// confd.toml, to show its lines in errors.
    private(set) var file = ConfigurationFile.Result()
    /// The elements of lists as they were given, by the name of the option, each with its place.
    private(set) var givenLists: [String: [RawOptions.Value]] = [:]
    /// Flags of backends that are not built, where they were given, and the backend of each.
    private(set) var foreign: [SettingsError.ForeignFlag] = []

    package init(environment: [String: String], fileExists: @escaping (String) -> Bool = Files.exists) {
        self.environment = environment
        self.fileExists = fileExists
    }

    /// The settings of `arguments` (without the program's own name), and all their errors: an option with
    /// an error keeps its default. Throws for a command line that cannot be read at all.
    package static func load(
        _ arguments: [String], environment: [String: String]
    ) throws(SettingsError) -> (settings: Settings, errors: [SettingsError]) {
        var loader = SettingsLoader(environment: environment)
        try loader.read(arguments)
        return (loader.settings, loader.errors)
    }

    /// As the static one, but throws the first error.
    package mutating func load(_ arguments: [String]) throws(SettingsError) -> Settings {
        try read(arguments)
        if let error = errors.first { throw error }
        return settings
    }

    private mutating func read(_ arguments: [String]) throws(SettingsError) {
        let commandLine = try CommandLineParser.parse(arguments)
        settings.command = commandLine.command
        settings.subcommand = commandLine.subcommand
        settings.takeWords(commandLine.words)
        // Tests give the same result on every machine.
        let readsEnvironment = settings.subcommand != .test
        let fromEnvironment = readsEnvironment ? environmentOptions() : RawOptions()
        // Help and version work whatever else is wrong, and the path of confd.toml comes from these two sources.
        for option in OptionTable.all where ["help", "version", "config-file", "strict"].contains(option.name) {
            apply(option, from: [commandLine.options, fromEnvironment])
        }
        if settings.help != nil || settings.showVersion { return }
        errors = []
        foreign = []
        if readsEnvironment { settings.warnings += UnknownVariable.warnings(of: environment.keys) }
        file = configurationFile()
        errors += file.errors
        settings.rollout = file.rollout
        let sources = [commandLine.options, fromEnvironment, file.options]
        for option in OptionTable.all { apply(option, from: sources) }
        for option in settings.subcommand?.ownOptions ?? [] { apply(option, from: [commandLine.ownOptions]) }
        if settings.subcommand == .render || settings.subcommand == .explain || settings.check { chooseFileBackend() }
        if file.layers.isEmpty || settings.origins["backend"] != nil { fillBackend() } else { takeListedBackends() }
        // Of a daemon that runs on the same machine, unless they are asked for.
        if settings.subcommand == .register {
            if !isGivenForThisProcess("control-socket") { settings.controlSocket = nil }
            if !isGivenForThisProcess("state-dir") { settings.stateDirectory = nil }
        }
        // After an error in one option, errors that follow from it are only noise; -validate asks for all.
        if errors.isEmpty || settings.validate { validate() }
    }

    /// Whether an option is on the command line, in the environment, or in a `confd.toml` that is named there: the usual one is
    /// the daemon's.
    private func isGivenForThisProcess(_ name: String) -> Bool {
        switch settings.origins[name] {
        case .flag, .environment: true
        case .file: settings.origins["config-file"] != nil
        case nil: false
        }
    }

    private func environmentOptions() -> RawOptions {
        var options = RawOptions()
        // Most environments have no CONFD_ variable; then the names of own variables need not be built.
        let mayHaveOwn = environment.keys.contains { $0.hasPrefix(Option.environmentPrefix) }
        for option in OptionTable.all {
            for name in mayHaveOwn ? option.environmentNames : option.variables {
                guard let text = environment[name], !text.isEmpty else { continue }
                options.add(text, to: option, origin: .environment(name))
                break
            }
        }
        return options
    }

    /// A missing file is skipped if it is the default one, and an error if it was asked for.
    private mutating func configurationFile() -> ConfigurationFile.Result {
        let wasGiven = settings.origins["config-file"] != nil
        if !wasGiven, settings.subcommand == .test || !fileExists(settings.configFile) {
            return ConfigurationFile.Result()
        }
        let result = ConfigurationFile.read(
            settings.configFile, strict: settings.strict, environment: environment)
        settings.warnings += result.warnings
        return result
    }

    /// Applies the values of the first source that has any.
    private mutating func apply(_ option: Option, from sources: [RawOptions]) {
        for source in sources {
            guard let values = source.values[option.name], let last = values.last else { continue }
            do {
                try set(option, values)
                settings.origins[option.name] = last.origin
            } catch {
                errors.append(error.showing(file.source))
            }
            return
        }
    }

    private mutating func set(_ option: Option, _ values: [RawOptions.Value]) throws(SettingsError) {
        guard let last = values.last else { return }
        switch option.setter {
        case .flag(let put):
            put(&settings, try boolean(last))
        case .page(let put):
            if let page = HelpPage(rawValue: last.text) {
                put(&settings, page)
            } else {
                put(&settings, try boolean(last) ? .summary : nil)
            }
        case .text(let put):
            put(&settings, last.text)
        case .choice(let choices, let put):
            // An empty value is the default, as in confd.
            if last.text.isEmpty { return }
            guard choices.contains(last.text.lowercased()) else {
                throw SettingsError(.notAmong(choices, last.text), of: last.origin)
            }
            put(&settings, last.text.lowercased())
        case .integer(let put):
            guard let number = Int(last.text) else { throw SettingsError(.notInteger(last.text), of: last.origin) }
            put(&settings, number)
        case .duration(let put):
            guard let duration = GoDuration.parse(last.text) else {
                throw SettingsError(.notDuration(last.text), of: last.origin)
            }
            put(&settings, duration)
        case .list(let commas, let put):
            let elements = values.flatMap { commas ? split($0) : [$0] }.filter { !$0.text.isEmpty }
            givenLists[option.name] = elements
            put(&settings, elements.map(\.text))
        case .ignored(let isSwitch):
            if isSwitch { _ = try boolean(last) }
        case .foreign(let isSwitch, let backend):
            let isUnset = isSwitch ? try !boolean(last) : last.text.isEmpty
            if !isUnset { foreign.append(SettingsError.ForeignFlag(origin: last.origin, backend: backend)) }
        }
    }

    /// The parts of a list with commas, without the spaces around them.
    private func split(_ value: RawOptions.Value) -> [RawOptions.Value] {
        value.text.split(separator: ",").map { part in
            var part = part
            while part.first == " " { part.removeFirst() }
            while part.last == " " { part.removeLast() }
            return RawOptions.Value(text: String(part), origin: value.origin)
        }
    }

    /// Go's `strconv.ParseBool`, and `yes` and `no` (which the fork's parser accepts).
    private func boolean(_ value: RawOptions.Value) throws(SettingsError) -> Bool {
        switch value.text {
        case "1", "t", "T", "true", "TRUE", "True", "yes": return true
        case "0", "f", "F", "false", "FALSE", "False", "no": return false
        default: throw SettingsError(.notBoolean(value.text), of: value.origin)
        }
    }

    /// The backends that confd.toml lists. Which of them an option beside the tables would be for is not clear.
    private mutating func takeListedBackends() {
        settings.listedLayers = file.layers
        settings.backend = file.layers[0].backend
        settings.backendName = settings.backend.name
        let given = BackendRegistry.options.compactMap { settings.origins[$0.name]?.name }
        if !given.isEmpty { errors.append(SettingsError(.optionsBesideTables(given))) }
        if settings.subcommand == .register, file.layers.onlyBackend == nil {
            errors.append(SettingsError(.registerInLayers))
        }
    }

    /// The chosen backend, with its options from the environment where nothing else gave them: `ETCDCTL_ENDPOINTS` stands in
    /// for `-node`, as in confd.
    private mutating func fillBackend() {
        let kind = BackendRegistry.kind(named: settings.backendName) ?? BackendRegistry.standard
        for option in kind.options where settings.backendOptions[option.name] == nil {
            guard let name = option.fallbackVariables.first(where: { environment[$0]?.isEmpty == false }),
                let text = environment[name], let row = OptionTable.option(named: option.name)
            else { continue }
            var given = RawOptions()
            given.add(text, to: row, origin: .environment(name))
            apply(row, from: [given])
        }
        settings.backend = BackendConfiguration(
            kind: kind, named: settings.backendName, options: settings.backendOptions)
    }
}
