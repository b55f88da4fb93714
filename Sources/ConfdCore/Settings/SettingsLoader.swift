import Posix
import TOML

/// Makes `Settings` from the command line, the environment and confd.toml, in this order of precedence.
package struct SettingsLoader {
    private let environment: [String: String]
    /// Whether a file is there; injected so that tests need no files.
    private let fileExists: (String) -> Bool
    private var settings = Settings()
    private var errors: [SettingsError] = []
    /// Where the value stood that was refused last.
    private var failedOrigin: Origin?

    package init(environment: [String: String], fileExists: @escaping (String) -> Bool = Files.exists) {
        self.environment = environment
        self.fileExists = fileExists
    }

    /// The settings of `arguments` (without the program's own name), and everything that is wrong with them: an option
    /// with an error keeps its default. Throws for a command line that cannot be read at all.
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
        let fromEnvironment = environmentOptions()
        // Help and version need nothing else to be right, and the file's own path comes from these two sources.
        for option in OptionTable.all where ["help", "version", "config-file", "strict"].contains(option.name) {
            apply(option, from: [commandLine.options, fromEnvironment])
        }
        if settings.help != nil || settings.showVersion { return }
        errors = []
        let file = configurationFile()
        errors += file.errors
        let sources = [commandLine.options, fromEnvironment, file.options]
        for option in OptionTable.all {
            let known = errors.count
            apply(option, from: sources)
            guard case .file(_, let line, let column, _) = failedOrigin else { continue }
            let place = TOMLPosition(line: line, column: column)
            for index in known..<errors.count { errors[index] = file.showing(errors[index], at: place) }
        }
        fillNodes()
        fillServiceRecord()
        if errors.isEmpty { validate() }
    }

    private func environmentOptions() -> RawOptions {
        var options = RawOptions()
        // Most have none of their own, so most names need not be made.
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

    /// An absent file is skipped when it is the default one and an error when it was asked for.
    private mutating func configurationFile() -> ConfigurationFile.Result {
        let wasGiven = settings.origins["config-file"] != nil
        if !wasGiven, !fileExists(settings.configFile) { return ConfigurationFile.Result() }
        let result = ConfigurationFile.read(settings.configFile, strict: settings.strict)
        settings.warnings += result.warnings
        return result
    }

    /// Applies the values of the first source that has any.
    private mutating func apply(_ option: Option, from sources: [RawOptions]) {
        failedOrigin = nil
        for source in sources {
            guard let values = source.values[option.name], let last = values.last else { continue }
            do {
                try set(option, values)
                settings.origins[option.name] = last.origin
            } catch {
                failedOrigin = last.origin
                errors.append(error)
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
                throw invalid(last, "is none of \(choices.joined(separator: ", "))")
            }
            put(&settings, last.text.lowercased())
        case .integer(let put):
            guard let number = Int(last.text) else { throw invalid(last, "is not a whole number") }
            put(&settings, number)
        case .duration(let put):
            guard let duration = GoDuration.parse(last.text) else {
                throw invalid(last, "is not a time", hint: "write seconds (10) or a duration (1m30s, 250ms)")
            }
            put(&settings, duration)
        case .list(let commas, let put):
            put(&settings, values.flatMap { commas ? split($0.text) : [$0.text] }.filter { !$0.isEmpty })
        case .ignored(let isSwitch):
            if isSwitch { _ = try boolean(last) }
        case .unavailable(let isSwitch, let feature):
            let isUnset = isSwitch ? try !boolean(last) : last.text.isEmpty
            if !isUnset {
                throw SettingsError(
                    "\(last.origin.text): \(feature) is not built into this confd",
                    hint: "backends built: \(BackendName.built.joined(separator: ", "))")
            }
        }
    }

    private func split(_ text: String) -> [String] {
        text.split(separator: ",").map { part in
            var part = part
            while part.first == " " { part.removeFirst() }
            while part.last == " " { part.removeLast() }
            return String(part)
        }
    }

    /// Go's `strconv.ParseBool`, with `yes` and `no` besides (the fork's parser takes them).
    private func boolean(_ value: RawOptions.Value) throws(SettingsError) -> Bool {
        switch value.text {
        case "1", "t", "T", "true", "TRUE", "True", "yes": return true
        case "0", "f", "F", "false", "FALSE", "False", "no": return false
        default: throw invalid(value, "is neither true nor false")
        }
    }

    private func invalid(_ value: RawOptions.Value, _ problem: String, hint: String? = nil) -> SettingsError {
        SettingsError("\(value.origin.text): \"\(value.text)\" \(problem)", hint: hint)
    }

    /// `ETCDCTL_PEERS` and `ETCDCTL_ENDPOINTS` stand in for `-node`, as in confd.
    private mutating func fillNodes() {
        guard settings.nodes.isEmpty, settings.backend.hasPrefix("etcd") else { return }
        for name in ["ETCDCTL_PEERS", "ETCDCTL_ENDPOINTS"] {
            guard let text = environment[name], !text.isEmpty else { continue }
            settings.nodes = split(text).filter { !$0.isEmpty }
            settings.origins["node"] = .environment(name)
            return
        }
    }

    /// A domain stands for the record that confd looks for there.
    private mutating func fillServiceRecord() {
        guard settings.serviceRecord == nil, let domain = settings.serviceDomain else { return }
        settings.serviceRecord = "_\(settings.backend)._tcp.\(domain)" + (domain.hasSuffix(".") ? "" : ".")
    }

    /// What no single option can see.
    private mutating func validate() {
        let origin = settings.origins["backend"].map { "\($0.text): " } ?? ""
        if !BackendName.built.contains(settings.backend) {
            let isKnown = BackendName.unbuilt.contains(settings.backend)
            let problem = isKnown ? "is not built into this confd" : "is not a backend"
            let near = Suggestion.nearest(to: settings.backend, among: BackendName.built)
            refuse(
                "\(origin)backend \"\(settings.backend)\" \(problem)",
                hint: near.flatMap { isKnown ? nil : "did you mean \"\($0)\"?" }
                    ?? "backends built: \(BackendName.built.joined(separator: ", "))")
        }
        if settings.backend == "file", settings.files.isEmpty, !settings.validate {
            refuse("the file backend needs -file", hint: "for example -file /etc/confd/data.yaml")
        }
        // confd uses the two only together; alone, either is a slip where a connection is made.
        if settings.backend.hasPrefix("etcd"), (settings.clientCertificate == nil) != (settings.clientKey == nil) {
            refuse("-client-cert and -client-key go together")
        }
        if settings.diff, !settings.noop, !settings.check {
            warn("-diff shows what -noop would change", hint: "add -noop, or use -check")
        }
        if settings.failFast, !settings.onetime {
            warn(
                "-failure-mode fail-fast stops a pass of -onetime",
                hint: "a daemon goes on with the other resources and tries again")
        }
        if settings.mockData != nil, !settings.validate {
            warn("-mock-data is for -validate", hint: "add -validate")
        }
        if settings.resource != nil, !settings.validate, !settings.preflight {
            warn("-resource is for -validate and -preflight", hint: "add -validate")
        }
        if let address = settings.metricsAddress, MetricsServer.parse(address) == nil {
            let origin = settings.origins["metrics-addr"]?.text ?? "-metrics-addr"
            refuse(
                "\(origin): \"\(address)\" is not HOST:PORT",
                hint: "for example 127.0.0.1:9100, or :9100 for all addresses")
        }
        let modes = [
            (settings.check, "-check"), (settings.validate, "-validate"), (settings.preflight, "-preflight"),
        ].filter(\.0).map(\.1)
        if modes.count > 1 { refuse("\(modes.joined(separator: " and ")) exclude each other") }
        if let mode = modes.first, !settings.command.isEmpty {
            refuse("\(mode) starts no command", hint: "leave \"-- \(settings.command[0])\" out")
        }
    }

    /// The fork takes it, without effect.
    private mutating func warn(_ message: String, hint: String) {
        settings.warnings.append(SettingsError(message, hint: hint))
    }

    private mutating func refuse(_ message: String, hint: String? = nil) {
        errors.append(SettingsError(message, hint: hint))
    }
}
