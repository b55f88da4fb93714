/// The methods of a Go type that templates can name.
struct MethodTable<Receiver: Sendable>: Sendable {
    typealias Body = @Sendable (Receiver, Arguments) throws(FunctionError) -> Value

    struct Entry: Sendable {
        let name: ByteString
        let parameters: [Function.Parameter]
        let refusedResults: [String]
        let body: Body

        /// A method with one result, or one and an error.
        static func method(
            _ name: ByteString, _ parameters: Function.Parameter..., body: @escaping Body
        ) -> Entry {
            Entry(name: name, parameters: parameters, refusedResults: [], body: body)
        }

        /// A method with several results: templates refuse to call it.
        static func refused(_ name: ByteString, _ results: String...) -> Entry {
            Entry(name: name, parameters: [], refusedResults: results) { _, _ in
                preconditionFailure("a method with several results was called")
            }
        }
    }

    private let entries: [ByteString: Entry]

    init(_ entries: [Entry]) {
        self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    }

    /// The method of that name as a function of its arguments alone.
    func function(_ name: ByteString, of receiver: Receiver) -> Function? {
        guard let entry = entries[name] else { return nil }
        return Function(entry.parameters, refusedResults: entry.refusedResults) {
            (arguments) throws(FunctionError) in try entry.body(receiver, arguments)
        }
    }
}
