import TextTemplate

/// Every function of confd 0.17, those that the maintained fork adds, and those of Sprig and Helm that are used most. Where
/// two have a name for different things, it is confd's, else the fork's.
///
/// The functions find their data in the context of the rendering that calls them, so that one table serves all
/// templates, and a parsed template all snapshots.
enum FunctionTable {
    static let all = merged(
        [KeyFunctions.table, SecretFunctions.table, HealthFunctions.table, IncludeFunction.table] + common)

    /// Those that need neither keys nor template files, and `address`.
    static let withoutKeys = merged([ServiceFunctions.table] + common)

    private static let common: [[String: Function]] = [
        CollectionFunctions.table, StringFunctions.table, WordFunctions.table,
        ArithmeticFunctions.table, CodingFunctions.table, JSONFunctions.table, ExpressionFunctions.table,
        EnvironmentFunctions.table, TimeFunctions.table, TextFunctions.table, ListFunctions.table,
        NumberFunctions.table, YAMLFunctions.table, FailureFunctions.table,
    ]

    private static func merged(_ tables: [[String: Function]]) -> [String: Function] {
        tables.reduce(into: [:]) { all, table in
            all.merge(table) { _, _ in preconditionFailure("two functions have one name") }
        }
    }
}
