/// Names that settings had in confd before 0.6, which people copy from old articles.
enum FormerName {
    /// The present name of each: a flag, and a line of confd.toml; nil where there is none.
    private static let all: [String: (flag: String?, line: String?)] = [
        "etcd-nodes": ("-node", "nodes"), "etcd-node": ("-node", "nodes"), "etcd-scheme": ("-scheme", "scheme"),
        "consul-addr": ("-node", "nodes"), "consul": ("-backend consul", "backend = \"consul\""),
        "debug": ("-log-level debug", "log-level = \"debug\""),
        "verbose": ("-log-level info", "log-level = \"info\""),
        "quiet": ("-log-level error", "log-level = \"error\""),
        "configfile": ("-config-file", nil), "printversion": ("-version", nil),
        "config-dir": ("-confdir", "confdir"), "configdir": ("-confdir", "confdir"),
    ]

    /// Flags of consul-template.
    private static let ofConsulTemplate: [String: Advice] = [
        "once": .calledHere("-onetime"), "dry": .calledHere("-check"), "parse-only": .calledHere("-validate"),
        "wait": .writeFields(["-debounce", "-max-wait"]), "exec": .commandOnCommandLine,
        "template": .writeFields(["a resource file in conf.d with src, dest and reload_cmd"]),
        "vault-addr": .writeFields(["-backend vault", "-node"]),
        "config": .writeFields(["-confdir or -config-file"]),
    ]

    /// What to write in place of the flag `name`; nil if it never was one.
    static func advice(forFlag name: String) -> Advice? {
        let name = normalized(name)
        return all[name]?.flag.map { .calledNow($0) } ?? ofConsulTemplate[name]
    }

    /// What to write in place of the key `key` of confd.toml; nil if it never was one.
    static func advice(forKey key: String) -> Advice? {
        let key = normalized(key)
        if key == "confd" { return .noConfdTable }
        if OptionTable.option(named: key) != nil { return .flagOnly("-" + key) }
        guard let name = all[key] else { return nil }
        return name.line.map { .calledNow($0) } ?? name.flag.map { .flagOnly($0) }
    }

    private static func normalized(_ name: String) -> String {
        name.lowercased().map { $0 == "_" ? "-" : String($0) }.joined()
    }
}
