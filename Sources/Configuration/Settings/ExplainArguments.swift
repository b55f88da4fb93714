/// What `confd explain` explains.
package struct ExplainArguments: Equatable, Sendable {
    /// `DEST:LINE`, `DEST:LINE:COLUMN`, a resource file as `-resource` takes it, or a destination.
    package internal(set) var subject: String?
    /// `-key`: which resources and lines read this key.
    package internal(set) var key: String?
    /// `-what-if`: what would be otherwise if this were the key's value.
    package internal(set) var supposedValue: String?
    /// `-last`: what was applied last.
    package internal(set) var showsLast = false
    /// `-item`: which file of a resource with `for_each`.
    package internal(set) var item: String?
    /// `-values`: shows the values of keys.
    package internal(set) var showsValues = false
}

extension OptionTable {
    /// The options of `confd explain`: flags of its command line alone.
    package static let explaining: [Option] = [
        Option(
            "key", .explaining, "KEY", help: "which resources and lines read this key",
            .text { $0.explaining.key = $1.isEmpty ? nil : $1 }),
        Option(
            "what-if", .explaining, "VALUE", help: "with -key: a diff of what its value would change",
            .text { $0.explaining.supposedValue = $1 }),
        Option(
            "last", .explaining, help: "what the daemon applied last: revision, keys, lines",
            .flag { $0.explaining.showsLast = $1 }),
        item(.explaining) { $0.explaining.item = $1 },
        Option("values", .explaining, help: "with the values of keys", .flag { $0.explaining.showsValues = $1 }),
    ]
}
