import Backends
import Posix

extension SettingsLoader {
    /// What no single option can see.
    mutating func validate() {
        validateBackend()
        validateNodes()
        validateAuthentication()
        validateMode()
        warnOfForeignFlags()
        if let address = settings.metricsAddress, HostPort(address) == nil {
            refuse(.notHostPort(address), option: "metrics-addr")
        }
    }

    private mutating func validateBackend() {
        if let unknown = UnknownBackend(settings.backend) { refuse(.unknownBackend(unknown), option: "backend") }
        if settings.backend == "file", settings.files.isEmpty, !settings.validate { refuse(.fileBackendWithoutFile) }
    }

    /// Addresses that no etcd can have. Those of service records replace them.
    private mutating func validateNodes() {
        guard settings.backend.hasPrefix("etcd"), settings.serviceRecord == nil else { return }
        // None were given as such: they are those of ETCDCTL_ENDPOINTS.
        guard !givenNodes.isEmpty else { return validateNodes(settings.nodes, settings.origins["node"]) }
        for value in givenNodes { validateNodes(split(value.text), value.origin) }
    }

    private mutating func validateNodes(_ nodes: [String], _ origin: Origin?) {
        for node in nodes where !node.isEmpty {
            do {
                try NodeAddress.check(node)
            } catch {
                refuse(.node(error), of: origin)
            }
        }
    }

    private mutating func validateAuthentication() {
        guard settings.backend.hasPrefix("etcd") else { return }
        // confd uses the two only together; alone, either is a slip where a connection is made.
        if (settings.clientCertificate == nil) != (settings.clientKey == nil) {
            refuse(.certificateWithoutKey)
        }
        if settings.basicAuth == true, settings.username == nil { warn(.credentialsWithoutUser) }
    }

    private mutating func validateMode() {
        let modes = [
            (settings.check, "-check"), (settings.validate, "-validate"), (settings.preflight, "-preflight"),
        ].filter(\.0).map(\.1)
        if modes.count > 1 { refuse(.exclusiveModes(modes)) }
        if let mode = modes.first, !settings.command.isEmpty {
            refuse(.modeWithCommand(mode, command: settings.command[0]))
        }
        // These three limit what is done; without their mode files would be written that nobody asked for.
        // In the environment or confd.toml it says how -noop is wanted.
        if settings.diff, !settings.noop, modes.isEmpty, case .flag = settings.origins["diff"] {
            refuse(.diffWithoutNoop, option: "diff")
        }
        if settings.mockData != nil, !settings.validate { refuse(.mockDataWithoutValidate, option: "mock-data") }
        if settings.resource != nil, !settings.validate, !settings.preflight {
            refuse(.resourceWithoutValidate, option: "resource")
        }
        if settings.failFast, !settings.onetime { warn(.failFastWithoutOnetime) }
    }

    /// One warning for all flags of backends that are not built; to ask for such a backend is an error of its own.
    private mutating func warnOfForeignFlags() {
        guard !foreign.isEmpty, BackendName.built.contains(settings.backend) else { return }
        warn(.foreignFlags(foreign, backend: settings.backend))
    }

    /// Records a warning that does not stop the program.
    private mutating func warn(_ kind: SettingsError.Kind) { settings.warnings.append(SettingsError(kind)) }

    /// Records an error about several options.
    private mutating func refuse(_ kind: SettingsError.Kind) { refuse(kind, of: nil) }

    /// Records an error about the value of `option`, at the place where it was given.
    private mutating func refuse(_ kind: SettingsError.Kind, option: String) {
        refuse(kind, of: settings.origins[option])
    }

    private mutating func refuse(_ kind: SettingsError.Kind, of origin: Origin?) {
        errors.append(SettingsError(kind, of: origin).showing(file.source))
    }
}
