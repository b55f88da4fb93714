import Backends
import Posix

extension SettingsLoader {
    /// Checks that concern more than one option, or need more than its type.
    mutating func validate() {
        validateBackend()
        validateMode()
        validateSubcommand()
        warnOfForeignFlags()
        if let address = settings.metricsAddress, HostPort(address) == nil {
            refuse(.notHostPort(address), option: "metrics-addr")
        }
    }

    private mutating func validateBackend() {
        // The errors of `[[backend]]` tables were found when confd.toml was read.
        if !settings.listedLayers.isEmpty { return }
        if let unknown = UnknownBackend(settings.backendName) {
            return refuse(.unknownBackend(unknown), option: "backend")
        }
        for problem in settings.backend.kind.problems(of: settings.backend.options) { validate(problem) }
    }

    private mutating func validate(_ problem: BackendProblem) {
        let kind = SettingsError.Kind.backend(problem, of: settings.backend.name)
        switch problem {
        case .element(let option, let index, _): refuse(kind, of: givenLists[option.name]?[index].origin)
        // A resource may have a backend of its own.
        case .missing where settings.validate: break
        case .missing, .incomplete: refuse(kind)
        case .warning: warn(kind)
        }
    }

    private mutating func validateMode() {
        let modes = [
            (settings.check, "-check"), (settings.validate, "-validate"), (settings.preflight, "-preflight"),
        ].filter(\.0).map(\.1)
        if modes.count > 1 { refuse(.exclusiveModes(modes)) }
        if let mode = modes.first, !settings.command.isEmpty {
            refuse(.modeWithCommand(mode, command: settings.command[0]))
        }
        // These three restrict what is done: without their mode, files would be written unexpectedly.
        // In the environment or confd.toml, `diff` only configures -noop.
        if settings.diff, !settings.noop, modes.isEmpty, case .flag = settings.origins["diff"] {
            refuse(.diffWithoutNoop, option: "diff")
        }
        if settings.mockData != nil, !settings.validate { refuse(.mockDataWithoutValidate, option: "mock-data") }
        if settings.resource != nil, !settings.validate, !settings.preflight {
            refuse(.resourceWithoutValidate, option: "resource")
        }
        if settings.failFast, !settings.onetime { warn(.failFastWithoutOnetime) }
        if let origin = settings.origins["secret-keyring"] {
            settings.warnings.append(SettingsError(.secretKeyring, of: origin))
        }
        // Elsewhere an interval is that of all runs.
        if settings.onetime, !settings.check, case .flag = settings.origins["interval"] {
            settings.warnings.append(SettingsError(.intervalOfOnePass, of: settings.origins["interval"]))
        }
    }

    private mutating func validateSubcommand() {
        switch settings.subcommand {
        case .status, .wait:
            let name = settings.subcommand?.rawValue ?? ""
            if let command = settings.command.first { refuse(.modeWithCommand(name, command: command)) }
            if settings.controlSocket == nil { refuse(.needsSocket(name), option: "control-socket") }
            if let revision = settings.waiting.revision, revision < 1 { refuse(.notRevision(revision)) }
        case .register: validateRegistration()
        case .release, .clean:
            let name = settings.subcommand?.rawValue ?? ""
            if let command = settings.command.first { refuse(.modeWithCommand(name, command: command)) }
            if settings.namedResource == nil { refuse(.needsResource(name)) }
        case .rollout:
            if let command = settings.command.first { refuse(.modeWithCommand("rollout", command: command)) }
            let arguments = settings.rolloutArguments
            if arguments.verb == nil || arguments.group.isEmpty { refuse(.rolloutWithoutGroup) }
        case .render: validateRendering()
        case .explain: validateExplaining()
        case .test: validateTesting()
        case nil: break
        }
        if settings.json, !canPrintJSON {
            refuse(.jsonWithoutStatus(instead: otherJSON), option: "json")
        }
        for range in settings.statusAllow where AddressRange(range) == nil {
            refuse(.notAddressRange(range), option: "status-allow")
        }
    }

    private mutating func validateRegistration() {
        let registration = settings.registration
        if registration.words.count < 2 { refuse(.registerWithoutKey) }
        if settings.onetime { refuse(.registerOnce, option: "onetime") }
        // `validateMode` allows each of these alone; beside `register` they would have no effect.
        let modes = [(settings.validate, "-validate"), (settings.preflight, "-preflight")].filter(\.0).map(\.1)
        if let mode = modes.first { refuse(.exclusiveModes(["register", mode])) }
    }

    /// One warning for all flags that only other backends read; to ask for a backend that is not built is an error of its own.
    private mutating func warnOfForeignFlags() {
        guard let kind = BackendRegistry.kind(named: settings.backendName) else { return }
        let flags = foreign + flagsOfOthers(than: kind)
        if !flags.isEmpty { warn(.foreignFlags(flags, backend: settings.backendName)) }
    }

    /// Flags of backends that are built but not chosen: `-file` without `-backend file`.
    private func flagsOfOthers(than kind: any BackendKind) -> [SettingsError.ForeignFlag] {
        if !settings.listedLayers.isEmpty { return [] }
        let own = Set(kind.options.map(\.name))
        return BackendRegistry.options.compactMap { option in
            guard !own.contains(option.name), let origin = settings.origins[option.name], case .flag = origin else {
                return nil
            }
            let other = BackendRegistry.all.first { $0.options.contains { $0.name == option.name } }
            return SettingsError.ForeignFlag(origin: origin, backend: other?.name ?? "")
        }
    }

    /// Records a warning that does not stop the program.
    private mutating func warn(_ kind: SettingsError.Kind) { settings.warnings.append(SettingsError(kind)) }

    /// Records an error about several options.
    mutating func refuse(_ kind: SettingsError.Kind) { refuse(kind, of: nil) }

    /// Records an error about the value of `option`, at the place where it was given.
    private mutating func refuse(_ kind: SettingsError.Kind, option: String) {
        refuse(kind, of: settings.origins[option])
    }

    private mutating func refuse(_ kind: SettingsError.Kind, of origin: Origin?) {
        errors.append(SettingsError(kind, of: origin).showing(file.source))
    }
}
