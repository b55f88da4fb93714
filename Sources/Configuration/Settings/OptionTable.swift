import Backends
import Posix

/// All options, in one table: the command line, the environment, confd.toml, help, the manual page and completions are made from
/// it. Those of backends come from `BackendRegistry`.
///
/// Names are those of confd 0.17, then those of its fork 0.41, then new ones. Flags of backends that are not built are
/// known, so that existing command lines and confd.toml files keep working.
package enum OptionTable {
    /// Every option, in the order of the help text.
    package static let all: [Option] =
        mode + files + [backend] + of(.backend) + of(.details) + of(.security) + [secrets] + passTiming + of(.timing)
        + timing
        + logging
        + status + compatibility

    /// The options of backends that stand in the section `group` of the help.
    private static func of(_ group: BackendOption.Group) -> [Option] {
        BackendRegistry.options.filter { $0.group == group }.map(Option.init)
    }

    /// The option of a flag name or alias.
    package static func option(named name: String) -> Option? {
        all.first { $0.name == name || $0.aliases.contains(name) }
    }

    /// The option of a key of confd.toml; upper or lower case, `_` or `-`.
    package static func option(key: String) -> Option? {
        let key = normalized(key)
        return all.first { option in
            !onlyFlags.contains(option.name)
                && (option.name == key || (option.aliases + option.keys).contains { normalized($0) == key })
        }
    }

    /// Options that make no sense in a configuration file.
    private static let onlyFlags: Set<String> = ["help", "version", "config-file"]

    /// Options that replace the normal work of one run, and options of those: never taken from the environment.
    static let onlyOnCommandLine: Set<String> = [
        "help", "version", "validate", "mock-data", "resource", "preflight", "check", "json",
    ]

    /// The names that a key of confd.toml can have.
    static let keyNames = all.filter { !onlyFlags.contains($0.name) }.flatMap { [$0.name] + $0.keys }

    /// Flags whose value is a secret.
    package static let secretFlags: Set<String> = {
        let own = BackendRegistry.all.flatMap(\.options).filter { $0.secrecy == .value }.map(\.name)
        return Set(own.flatMap { ["-\($0)", "--\($0)"] })
    }()

    /// Environment variables that hold a secret or the path of a file with one. Those of other backends and programs are among
    /// them, because one environment may serve several.
    package static let secretVariables: Set<String> = {
        let own = BackendRegistry.options.filter { $0.secrecy != .none }.compactMap { option(named: $0.name) }
        return Set(own.flatMap(\.environmentNames)).union([
            "CONFD_AGE_IDENTITY", "CONFD_AUTH_TOKEN", "CONFD_SECRET_ID", "CONFD_SECRET_KEYRING", "CONFD_IDENTITY_FILE",
        ])
    }()

    private static func normalized(_ key: String) -> String {
        key.lowercased().map { $0 == "_" ? "-" : String($0) }.joined()
    }

    private static let mode: [Option] = [
        Option(
            "onetime", .mode, help: "render everything once and exit; else it is a daemon", .flag { $0.onetime = $1 }),
        Option("watch", .mode, help: "follow changes as they happen", .flag { $0.watch = $1 }),
        Option("noop", .mode, help: "show what would change, change nothing", .flag { $0.noop = $1 }),
        Option("sync-only", .mode, help: "write files, run no check_cmd or reload_cmd", .flag { $0.syncOnly = $1 }),
        Option(
            "keep-stage-file", .mode, help: "keep the staged copy beside each file", keys: ["keepstagefile"],
            .flag { $0.keepStageFile = $1 }),
        Option(
            "check", .mode, help: "like -onetime -noop -diff, exit 3 if anything would change",
            .flag { settings, isOn in
                settings.check = isOn
                if isOn {
                    settings.onetime = true
                    settings.noop = true
                    settings.diff = true
                }
            }),
        Option(
            "diff", .mode, help: "with -noop: print what would change as a unified diff",
            .flag { $0.diff = $0.diff || $1 }),
        Option(
            "diff-context", .mode, "LINES", help: "unchanged lines around a change", default: { "\($0.diffContext)" },
            .integer { $0.diffContext = max(0, $1) }),
        Option(
            "color", .mode, "WHEN", help: "colour of diffs: always, never or auto",
            default: { $0.color.rawValue }, alone: "always",
            .choice(["always", "never", "auto", "true", "false"]) { settings, choice in
                // In confd's fork this is a switch.
                settings.color =
                    ColorChoice(rawValue: choice) ?? (choice == "true" ? .always : .never)
            }),
        Option(
            "validate", .mode, help: "check settings, resources, templates; contact no backend",
            aliases: ["check-config"], .flag { $0.validate = $1 }),
        Option(
            "mock-data", .mode, "FILE", help: "with -validate: JSON to try the templates over",
            .text { $0.mockData = $1.isEmpty ? nil : $1 }),
        Option(
            "resource", .mode, "FILE", help: "with -validate or -preflight: only this resource file",
            .text { $0.resource = $1.isEmpty ? nil : $1 }),
        Option(
            "preflight", .mode, help: "read the keys of every resource and exit", .flag { $0.preflight = $1 }),
        Option(
            "failure-mode", .mode, "NAME", help: "with -onetime: best-effort or fail-fast",
            default: { $0.failFast ? "fail-fast" : "best-effort" },
            .choice(["best-effort", "fail-fast"]) { $0.failFast = $1 == "fail-fast" }),
        Option("strict", .mode, help: "unknown TOML keys are errors, not warnings", .flag { $0.strict = $1 }),
        Option("version", .mode, help: "print the version and exit", .flag { $0.showVersion = $1 }),
        Option(
            "help", .mode, help: "print this; others: -help=all|man|bash|zsh|fish|schema", aliases: ["h"],
            .page { $0.help = $1 }),
    ]

    private static let files: [Option] = [
        Option(
            "confdir", .files, "DIR", help: "directory of conf.d and templates", default: { $0.confdir },
            .text { $0.confdir = $1 }),
        Option(
            "config-file", .files, "FILE", help: "settings file", default: { $0.configFile },
            .text { $0.configFile = $1 }),
        Option(
            "prefix", .files, "KEY", help: "key prefix, replaces the one of every resource",
            .text { $0.prefix = $1.isEmpty ? nil : $1 }),
    ]

    private static let secrets = Option(
        "age-identity", .security, "FILE", help: "identity of age, for values that are encrypted with it",
        .text { $0.ageIdentity = $1.isEmpty ? nil : $1 })

    private static let backend = Option(
        "backend", .backend, "NAME", help: backendNames, default: { $0.backendName }, .text { $0.backendName = $1 })

    /// For example `etcd (etcdv3), file or env`.
    private static let backendNames: String = {
        let names = BackendRegistry.all.map { kind in
            kind.name + (kind.aliases.isEmpty ? "" : " (\(kind.aliases.joined(separator: ", ")))")
        }
        return names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]
    }()

    private static let passTiming: [Option] = [
        Option(
            "interval", .timing, "TIME", help: "time between full passes, seconds or 1m30s",
            default: { "\($0.interval.components.seconds)" }, .duration { $0.interval = $1 }),
        Option(
            "backend-timeout", .timing, "TIME", help: "limit of one read of the backend",
            default: { seconds($0.backendTimeout) }, .duration { $0.backendTimeout = $1 }),
    ]

    private static let timing: [Option] = [
        Option(
            "retry-for", .timing, "TIME", help: "how long an unreachable backend is tried at the start",
            default: { seconds($0.retryFor) },
            .duration { $0.retryFor = $1 }),
        Option(
            "preflight-timeout", .timing, "TIME", help: "limit of -preflight",
            default: { seconds($0.preflightTimeout) },
            .duration { $0.preflightTimeout = $1 }),
        Option(
            "check-cmd-timeout", .timing, "TIME", help: "limit of a check_cmd", default: { seconds($0.checkTimeout) },
            .duration { $0.checkTimeout = $1 }
        ),
        Option(
            "reload-cmd-timeout", .timing, "TIME", help: "limit of a reload_cmd",
            default: { seconds($0.reloadTimeout) },
            .duration { $0.reloadTimeout = $1 }),
        Option(
            "shutdown-timeout", .timing, "TIME", help: "time to finish after TERM",
            default: { seconds($0.shutdownTimeout) },
            .duration { $0.shutdownTimeout = $1 }),
        Option(
            "stop-signal", .timing, "NAME", help: "what ends the command after -- (default: as confd)",
            .choice(["term", "int", "quit", "hup", "usr1", "usr2", "winch"]) { $0.stopSignal = Signal(named: $1) }),
        // Before `debounce` and `max-wait`, which are applied after it and so prevail.
        Option(
            "batch-interval", .timing, "TIME", help: "collect changes this long (-debounce with -max-wait equal to it)",
            .duration { settings, time in
                settings.debounce = time
                settings.maxWait = time
            }),
        Option(
            "debounce", .timing, "TIME", help: "wait for this much quiet before a render",
            default: { seconds($0.debounce) },
            .duration { $0.debounce = $1 }),
        Option(
            "max-wait", .timing, "TIME", help: "longest wait for quiet (4 times -debounce)",
            .duration { $0.maxWait = $1 }),
        Option(
            "splay", .timing, "TIME", help: "random delay before a reload, up to this", default: { seconds($0.splay) },
            .duration { $0.splay = $1 }),
        Option(
            "watchdog-interval", .timing, "TIME", help: "time between signs of life for systemd (as the unit asks)",
            .duration { $0.watchdogInterval = $1 > .zero ? $1 : nil }),
    ]

    private static let logging: [Option] = [
        Option(
            "log-level", .logging, "NAME", help: "debug, info, warn or error", default: { "\($0.logLevel)" },
            .choice(["panic", "fatal", "error", "warn", "warning", "info", "debug", "trace"]) { settings, name in
                if let level = LogLevel(name: name) { settings.logLevel = level }
            }),
        Option(
            "log-format", .logging, "NAME", help: "text or json", default: { $0.logFormat.rawValue },
            .choice(["text", "json"]) { $0.logFormat = LogFormat(rawValue: $1) ?? .text }),
        Option(
            "metrics-addr", .logging, "HOST:PORT", help: "serve a status page, /metrics, /health, /ready",
            .text { $0.metricsAddress = $1.isEmpty ? nil : $1 }),
    ]

    private static let status: [Option] = [
        Option("json", .status, help: "with status, rollout status and explain: print JSON", .flag { $0.json = $1 }),
        Option(
            "control-socket", .status, "FILE", help: "where the daemon answers status and wait, or none",
            default: { $0.controlSocket ?? "none" },
            .text { if !$1.isEmpty { $0.controlSocket = $1 == "none" ? nil : $1 } }),
        Option(
            "state-dir", .status, "DIR", help: "what the daemon keeps across restarts, or none",
            default: { $0.stateDirectory ?? "none" },
            .text { if !$1.isEmpty { $0.stateDirectory = $1 == "none" ? nil : $1 } }),
        Option(
            "cache", .status, "DIR", help: "where a daemon keeps the last keys, to begin with at the next start",
            .text { $0.cache = $1.isEmpty || $1 == "none" ? nil : $1 }),
        Option(
            "status-allow", .status, "CIDR", help: "who may see the status page, repeatable (this machine)",
            .list(commas: true) { $0.statusAllow = $1 }),
    ]

    private static let compatibility: [Option] =
        [
            // Switches of the fork's caches. Here files are checked each time, and parsed only when they changed.
            Option("template-cache", .compatibility, help: "no effect", .ignored(isSwitch: true)),
            Option("no-template-cache", .compatibility, help: "no effect", .ignored(isSwitch: true)),
            // systemd announces in the environment that it wants to be notified.
            Option("systemd-notify", .compatibility, help: "no effect, always on", .ignored(isSwitch: true)),
            // The back-off is exponential, without a setting.
            Option("watch-error-backoff", .compatibility, "TIME", help: "no effect", .ignored(isSwitch: false)),
            Option("stat-cache-ttl", .compatibility, "TIME", help: "no effect", .ignored(isSwitch: false)),
            // The fork's limits for redis; here there is one for a connect and one for a whole read, and attempts have no end.
            Option("read-timeout", .compatibility, "TIME", help: "no effect", .ignored(isSwitch: false)),
            Option("write-timeout", .compatibility, "TIME", help: "no effect", .ignored(isSwitch: false)),
            Option("retry-max-attempts", .compatibility, "NUMBER", help: "no effect", .ignored(isSwitch: false)),
            Option("retry-base-delay", .compatibility, "TIME", help: "no effect", .ignored(isSwitch: false)),
            Option("retry-max-delay", .compatibility, "TIME", help: "no effect", .ignored(isSwitch: false)),
            // The keys of OpenPGP that `cget` and the like had before confd 0.17; here they take -age-identity.
            Option("secret-keyring", .compatibility, "FILE", help: "no effect", .ignored(isSwitch: false)),
        ] + foreign

    /// Flags of backends that are not built, and of vault's app-id, which Vault has no more.
    private static let foreign: [Option] = [
        ("app-id", false, "vault"), ("user-id", false, "vault"), ("table", false, "dynamodb"),
        ("acm-export-private-key", true, "acm"), ("secretsmanager-version-stage", false, "secretsmanager"),
        ("secretsmanager-no-flatten", true, "secretsmanager"), ("imds-cache-ttl", false, "imds"),
    ].map { name, isSwitch, backend in
        Option(
            name, .compatibility, isSwitch ? "" : "VALUE", help: "no effect, of the \(backend) backend",
            .foreign(isSwitch: isSwitch, backend: backend))
    }

    /// A default in whole seconds as help shows it: `30s`, `0`.
    static func seconds(_ time: Duration) -> String {
        time == .zero ? "0" : "\(time.components.seconds)s"
    }
}

extension Option {
    /// The option of a backend.
    fileprivate convenience init(_ option: BackendOption) {
        let name = option.name
        let setter: Setter =
            switch option.form {
            case .flag: .flag { $0.backendOptions[name] = .flag($1) }
            case .text: .text { $0.backendOptions[name] = .text($1) }
            case .choice(let choices): .choice(choices) { $0.backendOptions[name] = .text($1) }
            case .duration: .duration { $0.backendOptions[name] = .duration($1) }
            case .list(let commas): .list(commas: commas) { $0.backendOptions[name] = .list($1) }
            }
        self.init(
            name, Group(option.group), option.placeholder, help: option.help,
            default: { _ in option.defaultValue.map(Self.text) }, aliases: option.aliases, keys: option.keys,
            variables: option.variables, setter)
    }

    private static func text(_ value: BackendOptions.Value) -> String {
        switch value {
        case .flag(let flag): flag ? "true" : "false"
        case .text(let text): text
        case .duration(let time): OptionTable.seconds(time)
        case .list(let elements): elements.joined(separator: ", ")
        }
    }
}

extension Option.Group {
    fileprivate init(_ group: BackendOption.Group) {
        switch group {
        case .backend: self = .backend
        case .details: self = .details
        case .security: self = .security
        case .timing: self = .timing
        }
    }
}
