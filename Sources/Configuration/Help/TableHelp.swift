import KeyValue

/// What a table of a resource file or of confd.toml holds, for `-help=all`, the manual page and the schema. The pages of docs say
/// more; tests compare names and forms with what is read, and with the pages.
struct TableHelp {
    /// A field, or several of one form that belong together.
    struct Field {
        let names: [String]
        let help: String

        init(_ names: String..., help: String) {
            self.names = names
            self.help = help
        }
    }

    /// As it is written: `[template.guard]`.
    let title: String
    let summary: String
    let fields: [Field]
    /// The fields that are read, and which values they take.
    let forms: [String: FieldForm]

    /// What the placeholders of values stand for.
    static let legend = """
        A TIME is a number of seconds or text as 1m30s, a LIST is an array of texts, TABLES are one table or an array of \
        them, and a COMMAND is text for a shell or a list of words.
        """

    /// Every table, in the order in which a reader meets them.
    static var all: [TableHelp] {
        [
            template, reload, serviceRequest, templateHealthCheck, healthCheck, guardLimits, rollout, apply,
            applyRequest, applyMatch, service, serviceHealthCheck, backend,
        ]
    }

    /// The help of each field by its name.
    var helpByName: [String: String] {
        Dictionary(fields.flatMap { field in field.names.map { ($0, field.help) } }) { first, _ in first }
    }

    /// The value that `field` takes, as a placeholder.
    func placeholder(of field: Field) -> String { forms[field.names[0]]?.placeholder ?? "" }
}

extension FieldForm {
    /// The values in a word or two, as docs name them.
    var word: String {
        switch self {
        case .any: "any value"
        case .text, .choice: "text"
        case .flag: "boolean"
        case .integer: "number"
        case .textOrInteger: "text or number"
        case .duration: "time"
        case .command: "text or list"
        case .texts: "list"
        case .table: "table"
        case .integerOrTable: "number or table"
        case .tables: "tables"
        }
    }

    /// The same as help shows it.
    var placeholder: String {
        switch self {
        case .choice(let choices) where choices.joined().count <= 24: choices.joined(separator: "|")
        case .choice: "NAME"
        case .command: "COMMAND"
        default: word.uppercased().split(at: " OR ").joined(separator: "|")
        }
    }
}
