/// What `confd render` prints: a resource, or a template without one.
package struct RenderArguments: Equatable, Sendable {
    /// A resource file as `-resource` takes it; with `#2` its second `[[template]]`. nil with `template`.
    package internal(set) var resource: String?
    /// `-template`: the path of a template that needs no resource file.
    package internal(set) var template: String?
    /// `-item`: which file of a resource with `for_each`.
    package internal(set) var item: String?
}

extension OptionTable {
    /// The options of `confd render`: flags of its command line alone.
    package static let rendering: [Option] = [
        Option(
            "template", .rendering, "FILE",
            help: "a template without a resource; its keys: all of -file or the backend",
            .text { $0.rendering.template = $1.isEmpty ? nil : $1 }),
        item(.rendering) { $0.rendering.item = $1 },
    ]

    /// `-item` of the commands that look at one file.
    static func item(_ group: Option.Group, set: @escaping @Sendable (inout Settings, String) -> Void) -> Option {
        Option(
            "item", group, "NAME", help: "with for_each: the item whose file is meant, by its name or key",
            .text(set))
    }
}

extension Settings {
    /// Notes the words of the command line that the sub-command takes.
    mutating func takeWords(_ words: [String]) {
        switch subcommand {
        case .register: registration.words = words
        case .rollout: rolloutArguments.words = words
        case .status, .release, .clean: namedResource = words.first
        case .render: rendering.resource = words.first
        case .explain: explaining.subject = words.first
        case .test: testing.folder = words.first
        case .wait, nil: break
        }
    }
}
