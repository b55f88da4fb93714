import KeyValue
import TextTemplate

/// Values that are encrypted with age: `decrypt`, and the names that confd up to 0.16 had for such functions.
enum SecretFunctions {
    static let table: [String: Function] = [
        "decrypt": Function([.string], body: value),
        "cgetv": Function([.string], body: value),
        "cget": Function([.string]) { (arguments) throws(FunctionError) in
            let key = arguments.string(0)
            return .pair(Pair(key: key, value: try plainText(of: key, arguments)))
        },
        "cgets": Function([.string]) { (arguments) throws(FunctionError) in
            var pairs: [Value] = []
            for index in try KeyFunctions.indices(arguments).joined() {
                let key = ByteString(arguments.rendering.snapshot.keyBytes(index))
                pairs.append(.pair(Pair(key: key, value: try arguments.rendering.decrypted(index))))
            }
            return list(of: .pairs, pairs)
        },
        "cgetvs": Function([.string]) { (arguments) throws(FunctionError) in
            var values: [ByteString] = []
            for index in try KeyFunctions.indices(arguments).joined() {
                values.append(try arguments.rendering.decrypted(index))
            }
            return list(of: .string, values.sorted().map { .string($0) })
        },
    ]

    @Sendable private static func value(_ arguments: Arguments) throws(FunctionError) -> Value {
        .string(try plainText(of: arguments.string(0), arguments))
    }

    private static func plainText(of key: ByteString, _ arguments: Arguments) throws(FunctionError) -> ByteString {
        let context = arguments.rendering
        if let index = context.index(of: key) { return try context.decrypted(index) }
        if context.missingKeysAreEmpty { return ByteString() }
        throw arguments.missing(key)
    }

    private static func list(of type: Slice.Element, _ elements: [Value]) -> Value {
        .slice(Slice(type, elements, capacity: Slice.capacity(afterAppending: elements.count, of: type)))
    }
}

extension RenderingContext {
    /// What the value at `index` of the snapshot was made from. In a trial, where there are no secrets, the value itself.
    fileprivate func decrypted(_ index: Int) throws(FunctionError) -> ByteString {
        let value = ByteString(snapshot.valueBytes(index))
        if missingKeysAreEmpty { return value }
        do throws(EnvironmentError) {
            let plainText = try environment.decrypted(value)
            noteSecret(plainText)
            return plainText
        } catch {
            let key = ByteString(snapshot.keyBytes(index))
            keyAtFault = key
            throw FunctionError(.secret(key, error), hint: error.hint)
        }
    }
}
