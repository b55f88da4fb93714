import TextTemplate

/// Every function of confd 0.17, those that the maintained fork adds, and those of Sprig and Helm that are used most. Where
/// two have a name for different things, it is confd's, else the fork's.
///
/// The functions find their data in the context of the rendering that calls them, so that one table serves all
/// templates, and a parsed template all snapshots.
enum FunctionTable {
    static let all: [String: Function] = [
        KeyFunctions.table, CollectionFunctions.table, StringFunctions.table, WordFunctions.table,
        ArithmeticFunctions.table, CodingFunctions.table, JSONFunctions.table, ExpressionFunctions.table,
        EnvironmentFunctions.table, TimeFunctions.table, IncludeFunction.table, TextFunctions.table,
        ListFunctions.table, NumberFunctions.table, YAMLFunctions.table, FailureFunctions.table,
    ].reduce(into: [:]) { all, table in
        all.merge(table) { _, _ in preconditionFailure("two functions have one name") }
    }
}
