// Usage and summary of sub-commands, for help.
extension Subcommand {
    /// What follows its name; words in capitals are chosen by the user.
    var usage: String {
        switch self {
        case .status: "[RESOURCE] [-json]"
        case .wait: "[-revision NUMBER] [-timeout TIME]"
        case .release, .clean: "RESOURCE"
        case .render: "RESOURCE | -template FILE [-file KEYS] [OPTIONS]"
        case .explain: "DEST:LINE | RESOURCE | -key KEY [-what-if VALUE] | -last RESOURCE [OPTIONS]"
        case .test: "[DIR | CASE] [OPTIONS]"
        case .register: "KEY VALUE [OPTIONS] [-- COMMAND [ARGUMENT ...]]"
        case .rollout: RolloutArguments.Verb.allCases.map(\.rawValue).joined(separator: "|") + " GROUP [-json]"
        }
    }

    /// What it does.
    var summary: String {
        switch self {
        case .status: "the state of the running daemon, of its backends and of each resource"
        case .wait: "ends when the running daemon has applied everything, or a revision of the store"
        case .release: "has the running daemon apply what the guard of a resource holds"
        case .clean: "removes the files of a resource with for_each that is not in conf.d any more"
        case .render: "prints what the template of a resource gives, and changes nothing"
        case .explain: "says which keys and places of the template a line is made of, and what a key decides"
        case .test: "renders templates over the keys of test cases, and compares the files (CONFDIR/tests)"
        case .register: "keeps a key in the store while a service is up, without a resource file"
        case .rollout: "tells how far the hosts of a group are with a change, halts it, or has it go on"
        }
    }
}
