import KeyValue
import Rendering
import TextTemplate

/// One match of `for_each`: a key or a directory, as the template sees it, that has a file of its own.
package struct Item: Hashable, Sendable {
    /// The path that matched.
    package let key: [UInt8]
    /// What each star of the pattern stands for.
    package let parts: [[UInt8]]

    package init(key: [UInt8], parts: [[UInt8]]) {
        self.key = key
        self.parts = parts
    }

    /// The last part of the key.
    package var name: [UInt8] { Array(key[((key.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)...]) }

    /// The object that templates see. Without `state` it has neither value nor index, the parts that may change.
    package func record(_ state: ItemRecord.State? = nil) -> ItemRecord {
        ItemRecord(
            name: ByteString(name), key: ByteString(key), parts: parts.map { ByteString($0) }, state: state)
    }
}
