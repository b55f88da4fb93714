import Synchronization
import TextTemplate

/// One item of a `for_each`: the dot of its templates.
package final class ItemRecord: Object {
    /// The last part of the key.
    package let name: ByteString
    /// The key, or the directory, that matched.
    package let key: ByteString
    /// What each star of the pattern stands for.
    package let parts: [ByteString]
    /// What changes while the item stays the same one; nil where a template must not depend on it.
    private let state: State?
    private let indexWasRead = Atomic(false)

    /// What of an item can change.
    package struct State: Sendable {
        /// The value of the key; empty for a directory.
        package let value: ByteString
        /// Its place among the items in the order of their keys, from 0.
        package let index: Int

        package init(value: ByteString, index: Int) {
            self.value = value
            self.index = index
        }
    }

    package init(name: ByteString, key: ByteString, parts: [ByteString], state: State? = nil) {
        self.name = name
        self.key = key
        self.parts = parts
        self.state = state
    }

    /// Whether a template asked for the index.
    package var readsIndex: Bool { indexWasRead.load(ordering: .relaxed) }

    package var typeName: String { "confd.Item" }

    package var fields: [(name: String, value: Value)] {
        ["name", "key", "value", "index", "parts"].compactMap { name in field(ByteString(name)).map { (name, $0) } }
    }

    package func field(_ name: ByteString) -> Value? {
        switch name {
        case "name": return .string(self.name)
        case "key": return .string(key)
        case "value": return (state?.value).map { .string($0) }
        case "index":
            indexWasRead.store(true, ordering: .relaxed)
            return (state?.index).map { .int($0) }
        case "parts": return .slice(Slice(.string, parts.map { .string($0) }))
        default: return nil
        }
    }

    package func method(_ name: ByteString) -> Function? { nil }
    package var description: ByteString? { nil }
}
