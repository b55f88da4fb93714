import Diagnostics

/// Finds misspelled variables in an environment: `CONFD_NODES` for `CONFD_NODE`.
enum UnknownVariable {
    /// A warning for each variable that begins with `CONFD_`, means nothing to confd and is nearly one that does. Others are left
    /// alone: images and orchestrators have variables of their own with this prefix.
    static func warnings(of names: some Sequence<String>) -> [SettingsError] {
        let ours = names.filter { $0.hasPrefix(Option.environmentPrefix) }
        if ours.isEmpty { return [] }
        let known = Set(OptionTable.all.flatMap(\.environmentNames))
        return ours.filter { !known.contains($0) && !isOfSomebodyElse($0) }.sorted().compactMap { name in
            nearest(to: name, among: known).map { SettingsError(.unknownVariable(name, meant: $0)) }
        }
    }

    /// Without the prefix, which would make all of them alike.
    private static func nearest(to name: String, among known: Set<String>) -> String? {
        func rest(_ name: String) -> String { String(name.dropFirst(Option.environmentPrefix.count)) }
        let ours = known.filter { $0.hasPrefix(Option.environmentPrefix) }.map(rest).sorted()
        return Suggestion.nearest(to: rest(name), among: ours).map { Option.environmentPrefix + $0 }
    }

    /// What commands of a resource get: confd may be one of them.
    private static let ofCommands: Set<String> = [
        "CONFD_SRC", "CONFD_DEST", "CONFD_RESOURCE", "CONFD_REVISION", "CONFD_CHANGES", "CONFD_PREVIOUS",
    ]

    /// Flags that the environment cannot set: images call the release that they downloaded `CONFD_VERSION`.
    private static let ofFlagsAlone: Set<String> = Set(
        OptionTable.all.filter { !$0.environmentNames.contains($0.ownVariable) }.flatMap { option in
            ([option.name] + option.aliases).map(Option.variable)
        })

    private static func isOfSomebodyElse(_ name: String) -> Bool {
        ofCommands.contains(name) || ofFlagsAlone.contains(name) || OptionTable.secretVariables.contains(name)
            || isOfServiceLink(name)
    }

    /// What Kubernetes and Docker set in every container beside a service that is named confd, or confd-something:
    /// `CONFD_SERVICE_HOST`, `CONFD_SERVICE_PORT_HTTP`, `CONFD_PORT`, `CONFD_PORT_80_TCP_ADDR`, `CONFD_NAME`, `CONFD_ENV_X`.
    private static func isOfServiceLink(_ name: String) -> Bool {
        let parts = name.split(separator: "_").dropFirst()
        return parts.last == "PORT" || parts.contains("TCP") || parts.contains("UDP") || name == "CONFD_NAME"
            || name.hasPrefix("CONFD_ENV_") || name.contains(text: "_SERVICE_HOST")
            || name.contains(text: "_SERVICE_PORT")
    }
}
