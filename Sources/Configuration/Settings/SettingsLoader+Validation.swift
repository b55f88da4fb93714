import Backends
import Diagnostics
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
            refuse(
                "metrics-addr", "\"\(address)\" is not HOST:PORT",
                hint: "for example 127.0.0.1:9100, or :9100 for all addresses")
        }
    }

    private mutating func validateBackend() {
        if !BackendName.built.contains(settings.backend) {
            let isKnown = BackendName.unbuilt.contains(settings.backend)
            let problem = isKnown ? "is not built into this confd" : "is not a backend"
            let near = Suggestion.nearest(to: settings.backend, among: BackendName.built)
            refuse(
                "backend", "\"\(settings.backend)\" \(problem)",
                hint: near.flatMap { isKnown ? nil : "did you mean \"\($0)\"?" }
                    ?? "backends built: \(BackendName.built.joined(separator: ", "))")
        }
        if settings.backend == "file", settings.files.isEmpty, !settings.validate {
            refuse(nil, "the file backend needs -file", hint: "for example -file /etc/confd/data.yaml")
        }
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
                refuse(at: origin, error.message, hint: error.hint)
            }
        }
    }

    private mutating func validateAuthentication() {
        guard settings.backend.hasPrefix("etcd") else { return }
        // confd uses the two only together; alone, either is a slip where a connection is made.
        if (settings.clientCertificate == nil) != (settings.clientKey == nil) {
            refuse(nil, "-client-cert and -client-key go together")
        }
        if settings.basicAuth == true, settings.username == nil {
            warn("-basic-auth sends nothing without a user", hint: "add -username and -password-file")
        }
    }

    private mutating func validateMode() {
        let modes = [
            (settings.check, "-check"), (settings.validate, "-validate"), (settings.preflight, "-preflight"),
        ].filter(\.0).map(\.1)
        if modes.count > 1 { refuse(nil, "\(modes.joined(separator: " and ")) exclude each other") }
        if let mode = modes.first, !settings.command.isEmpty {
            refuse(nil, "\(mode) starts no command", hint: "leave \"-- \(settings.command[0])\" out")
        }
        // These three limit what is done; without their mode files would be written that nobody asked for.
        // In the environment or confd.toml it says how -noop is wanted.
        if settings.diff, !settings.noop, modes.isEmpty, case .flag = settings.origins["diff"] {
            refuse("diff", "needs -noop or -check", hint: "without either the files would be written")
        }
        if settings.mockData != nil, !settings.validate {
            refuse("mock-data", "needs -validate", hint: "without it the files would be written")
        }
        if settings.resource != nil, !settings.validate, !settings.preflight {
            refuse("resource", "needs -validate or -preflight", hint: "without either all resources would be written")
        }
        if settings.failFast, !settings.onetime {
            warn(
                "-failure-mode fail-fast stops a pass of -onetime",
                hint: "a daemon goes on with the other resources and tries again")
        }
    }

    /// One warning for all flags of backends that are not built; to ask for such a backend is an error of its own.
    private mutating func warnOfForeignFlags() {
        guard !foreign.isEmpty, BackendName.built.contains(settings.backend) else { return }
        let flags = foreign.map { "\($0.origin.text) (\($0.backend))" }.joined(separator: ", ")
        warn("ignored, because the backend is \(settings.backend): \(flags)", hint: nil)
    }

    /// Records a warning that does not stop the program.
    private mutating func warn(_ message: String, hint: String?) {
        settings.warnings.append(SettingsError(message, hint: hint))
    }

    /// Records an error about the value of `option`, at the place where it was given; without one, about several.
    private mutating func refuse(_ option: String?, _ problem: String, hint: String? = nil) {
        refuse(at: option.flatMap { settings.origins[$0] }, problem, hint: hint)
    }

    private mutating func refuse(at origin: Origin?, _ problem: String, hint: String?) {
        let place = origin.map { "\($0.text): " } ?? ""
        errors.append(showing(SettingsError(place + problem, hint: hint), origin))
    }
}
