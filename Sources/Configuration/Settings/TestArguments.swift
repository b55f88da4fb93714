/// What `confd test` runs, and what it writes.
package struct TestArguments: Equatable, Sendable {
    /// The directory of cases, or one case; nil is `tests` in the confdir.
    package internal(set) var folder: String?
    /// `-update`: what is rendered becomes what is expected.
    package internal(set) var updates = false
    /// `-coverage`: prints which actions of templates no case has reached.
    package internal(set) var showsCoverage = false
    /// `-lcov`: the file that gets the same for other programs.
    package internal(set) var lcov: String?
    /// `-junit`: the file that gets the results as XML.
    package internal(set) var junit: String?
}

extension OptionTable {
    /// The options of `confd test`: flags of its command line alone.
    package static let testing: [Option] = [
        Option(
            "update", .testing, help: "write what is rendered as what is expected", .flag { $0.testing.updates = $1 }),
        Option(
            "coverage", .testing, help: "print the actions and sides of conditions that no case reached",
            .flag { $0.testing.showsCoverage = $1 }),
        Option(
            "lcov", .testing, "FILE", help: "write the coverage of templates there, in lcov's form",
            .text { $0.testing.lcov = $1.isEmpty ? nil : $1 }),
        Option(
            "junit", .testing, "FILE", help: "write the results there, as XML of JUnit",
            .text { $0.testing.junit = $1.isEmpty ? nil : $1 }),
    ]
}
