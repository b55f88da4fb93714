/// All options, in one table: the command line, the environment, confd.toml and the help are made from it.
///
/// Names are those of confd 0.17, then those of the fork 0.41, then ours. Flags of backends that are not built are
/// known, so that command lines and confd.toml with them go on working.
package enum OptionTable {
    /// Every option, in the order of the help text.
    package static let all: [Option] = mode + files + backend + security + timing + logging + compatibility

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

    /// What one run does in place of its work, and what belongs to that: never chosen by the environment.
    static let onlyOnCommandLine: Set<String> = [
        "help", "version", "validate", "mock-data", "resource", "preflight", "check",
    ]

    /// The names that a key of confd.toml can have.
    static let keyNames = all.filter { !onlyFlags.contains($0.name) }.flatMap { [$0.name] + $0.keys }

    private static func normalized(_ key: String) -> String {
        key.lowercased().map { $0 == "_" ? "-" : String($0) }.joined()
    }

    private static let mode: [Option] = [
        Option("onetime", .mode, help: "render everything once and exit", .flag { $0.onetime = $1 }),
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
            "diff-context", .mode, "LINES", help: "unchanged lines around a change (3)",
            .integer { $0.diffContext = max(0, $1) }),
        Option(
            "color", .mode, "WHEN", help: "colour of diffs: always, never or auto (auto)", alone: "always",
            .choice(["always", "never", "auto", "true", "false"]) { settings, choice in
                // The fork's is a switch.
                settings.color =
                    ColorChoice(rawValue: choice) ?? (choice == "true" ? .always : .never)
            }),
        Option(
            "validate", .mode, help: "check settings, resources and templates, contact no backend",
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
            "failure-mode", .mode, "NAME", help: "with -onetime: best-effort or fail-fast (best-effort)",
            .choice(["best-effort", "fail-fast"]) { $0.failFast = $1 == "fail-fast" }),
        Option("strict", .mode, help: "unknown TOML keys are errors, not warnings", .flag { $0.strict = $1 }),
        Option("version", .mode, help: "print the version and exit", .flag { $0.showVersion = $1 }),
        Option(
            "help", .mode, help: "print this and exit; others: -help=all|man|bash|zsh|fish", aliases: ["h"],
            .page { $0.help = $1 }),
    ]

    private static let files: [Option] = [
        Option(
            "confdir", .files, "DIR", help: "folder of conf.d and templates (/etc/confd)", .text { $0.confdir = $1 }),
        Option(
            "config-file", .files, "FILE", help: "settings file (/etc/confd/confd.toml)",
            .text { $0.configFile = $1 }),
        Option(
            "prefix", .files, "KEY", help: "key prefix, replaces the one of every resource",
            .text { $0.prefix = $1.isEmpty ? nil : $1 }),
    ]

    private static let backend: [Option] = [
        Option(
            "backend", .backend, "NAME", help: "etcd (etcdv3), etcdv2, file or env (etcd)", .text { $0.backend = $1 }),
        Option(
            "node", .backend, "URL", help: "etcd endpoint, repeatable (http://127.0.0.1:2379)", aliases: ["n"],
            keys: ["nodes"], .list(commas: true) { $0.nodes = $1 }),
        Option(
            "file", .backend, "FILE", help: "YAML or JSON file or folder of the file backend, repeatable",
            .list(commas: false) { $0.files = $1 }),
        Option("filter", .backend, "GLOB", help: "names to read in folders of -file (*)", .text { $0.filter = $1 }),
        Option(
            "scheme", .backend, "NAME", help: "http or https, for nodes that name none (http)",
            .choice(["http", "https"]) { $0.scheme = $1 }),
        Option(
            "srv-domain", .backend, "NAME", help: "find the nodes in DNS, at _BACKEND._tcp.NAME",
            .text { $0.serviceDomain = $1.isEmpty ? nil : $1 }),
        Option(
            "srv-record", .backend, "NAME", help: "find the nodes in DNS, in these SRV records",
            .text { $0.serviceRecord = $1.isEmpty ? nil : $1 }),
    ]

    private static let security: [Option] = [
        Option(
            "client-ca-keys", .security, "FILE", help: "CA certificates", keys: ["client_cakeys"],
            variables: ["CONFD_CLIENT_CAKEYS"], .text { $0.clientCA = $1.isEmpty ? nil : $1 }),
        Option(
            "client-cert", .security, "FILE", help: "client certificate",
            .text { $0.clientCertificate = $1.isEmpty ? nil : $1 }),
        Option("client-key", .security, "FILE", help: "client key", .text { $0.clientKey = $1.isEmpty ? nil : $1 }),
        Option(
            "client-insecure", .security, help: "do not verify the server's certificate",
            .flag { $0.clientInsecure = $1 }),
        Option(
            "basic-auth", .security, help: "send -username and -password (true if there is a user)",
            .flag { $0.basicAuth = $1 }),
        Option("username", .security, "NAME", help: "user", .text { $0.username = $1.isEmpty ? nil : $1 }),
        Option("password", .security, "TEXT", help: "password", .text { $0.password = $1.isEmpty ? nil : $1 }),
        Option(
            "password-file", .security, "FILE", help: "file that holds the password",
            .text { $0.passwordFile = $1.isEmpty ? nil : $1 }),
        Option(
            "auth-token-file", .security, "FILE", help: "file with a token of etcd, in place of user and password",
            .text { $0.tokenFile = $1.isEmpty ? nil : $1 }),
    ]

    private static let timing: [Option] = [
        Option(
            "interval", .timing, "TIME", help: "time between full passes, seconds or 1m30s (600)",
            .duration { $0.interval = $1 }),
        Option(
            "backend-timeout", .timing, "TIME", help: "limit of one read of the backend (10s)",
            .duration { $0.backendTimeout = $1 }),
        Option("dial-timeout", .timing, "TIME", help: "limit of one connect (5s)", .duration { $0.dialTimeout = $1 }),
        Option(
            "retry-for", .timing, "TIME", help: "with -onetime: retry an unreachable backend this long (0)",
            .duration { $0.retryFor = $1 }),
        Option(
            "preflight-timeout", .timing, "TIME", help: "limit of -preflight (10s)",
            .duration { $0.preflightTimeout = $1 }),
        Option(
            "check-cmd-timeout", .timing, "TIME", help: "limit of a check_cmd (30s)", .duration { $0.checkTimeout = $1 }
        ),
        Option(
            "reload-cmd-timeout", .timing, "TIME", help: "limit of a reload_cmd (60s)",
            .duration { $0.reloadTimeout = $1 }),
        Option(
            "shutdown-timeout", .timing, "TIME", help: "time to finish after TERM (30s)",
            .duration { $0.shutdownTimeout = $1 }),
        // Before `debounce` and `max-wait`, which are applied after it and so prevail.
        Option(
            "batch-interval", .timing, "TIME", help: "collect changes this long (-debounce with -max-wait equal to it)",
            .duration { settings, time in
                settings.debounce = time
                settings.maxWait = time
            }),
        Option(
            "debounce", .timing, "TIME", help: "wait for this much quiet before a render (0)",
            .duration { $0.debounce = $1 }),
        Option(
            "max-wait", .timing, "TIME", help: "longest wait for quiet (4 times -debounce)",
            .duration { $0.maxWait = $1 }),
        Option(
            "splay", .timing, "TIME", help: "random delay before a reload, up to this (0)", .duration { $0.splay = $1 }),
        Option(
            "watchdog-interval", .timing, "TIME", help: "time between signs of life for systemd (as the unit asks)",
            .duration { $0.watchdogInterval = $1 > .zero ? $1 : nil }),
    ]

    private static let logging: [Option] = [
        Option(
            "log-level", .logging, "NAME", help: "debug, info, warn or error (info)",
            .choice(["panic", "fatal", "error", "warn", "warning", "info", "debug", "trace"]) { settings, name in
                if let level = LogLevel(name: name) { settings.logLevel = level }
            }),
        Option(
            "log-format", .logging, "NAME", help: "text or json (text)",
            .choice(["text", "json"]) { $0.logFormat = LogFormat(rawValue: $1) ?? .text }),
        Option(
            "metrics-addr", .logging, "HOST:PORT", help: "serve /metrics, /health and /ready there",
            .text { $0.metricsAddress = $1.isEmpty ? nil : $1 }),
    ]

    private static let compatibility: [Option] =
        [
            // The fork's caches: we look at files each time, and parse only what changed.
            Option("template-cache", .compatibility, help: "no effect", .ignored(isSwitch: true)),
            Option("no-template-cache", .compatibility, help: "no effect", .ignored(isSwitch: true)),
            // systemd says in the environment that it wants to be notified.
            Option("systemd-notify", .compatibility, help: "no effect, always on", .ignored(isSwitch: true)),
            // Pauses grow by themselves.
            Option("watch-error-backoff", .compatibility, "TIME", help: "no effect", .ignored(isSwitch: false)),
            Option("stat-cache-ttl", .compatibility, "TIME", help: "no effect", .ignored(isSwitch: false)),
            // For the functions `cget` and its kin, which confd 0.17 has not either.
            Option("secret-keyring", .compatibility, "FILE", help: "no effect", .ignored(isSwitch: false)),
        ] + foreign

    /// Flags of backends that are not built.
    private static let foreign: [Option] = [
        ("app-id", false, "vault"), ("user-id", false, "vault"), ("role-id", false, "vault"),
        ("secret-id", false, "vault"), ("auth-type", false, "vault"), ("auth-token", false, "vault"),
        ("path", false, "vault"), ("table", false, "dynamodb"), ("separator", false, "redis"),
        ("read-timeout", false, "redis"), ("write-timeout", false, "redis"), ("retry-max-attempts", false, "redis"),
        ("retry-base-delay", false, "redis"), ("retry-max-delay", false, "redis"),
        ("acm-export-private-key", true, "acm"), ("secretsmanager-version-stage", false, "secretsmanager"),
        ("secretsmanager-no-flatten", true, "secretsmanager"), ("imds-cache-ttl", false, "imds"),
    ].map { name, isSwitch, backend in
        Option(
            name, .compatibility, isSwitch ? "" : "VALUE", help: "no effect, of the \(backend) backend",
            .foreign(isSwitch: isSwitch, backend: backend))
    }
}
