/// The values that a field of a TOML table takes, derived from how its reader asks for it; for the schema and the help.
enum FieldForm: Equatable {
    /// Its reader looks at the value itself.
    case any
    case text, flag, integer, textOrInteger
    /// Text in Go's form, or whole seconds.
    case duration
    /// A string, or an array of strings.
    case command
    /// An array of strings.
    case texts
    case table
    case integerOrTable
    /// A table, or an array of tables.
    case tables
    case choice([String])

    /// What is known of a field that was asked for in this form and in `other`.
    func refined(by other: FieldForm) -> FieldForm {
        if case .choice = self { return self }
        if case .choice = other { return other }
        return self == .any ? other : self
    }
}
