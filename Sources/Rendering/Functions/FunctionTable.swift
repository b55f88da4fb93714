import TextTemplate

/// Every function of confd 0.17 and those that the maintained fork adds.
///
/// The functions find their data in the context of the rendering that calls them, so that one table serves all
/// templates, and a parsed template all snapshots.
enum FunctionTable {
    static let all: [String: Function] = [
        KeyFunctions.table, CollectionFunctions.table, StringFunctions.table, WordFunctions.table,
        ArithmeticFunctions.table, CodingFunctions.table, JSONFunctions.table, ExpressionFunctions.table,
        EnvironmentFunctions.table, TimeFunctions.table, IncludeFunction.table,
    ].reduce(into: [:]) { all, table in
        all.merge(table) { _, _ in preconditionFailure("two functions have one name") }
    }
}
