import KeyValue
import Rendering
import Staging
import TextTemplate

/// `for_each` of a resource: which keys have a file of their own, and what is different for these files.
package struct ItemRule: Equatable, Sendable {
    /// How many files of items that are gone may be removed at once; more are held.
    package enum RemovalLimit: Equatable, Sendable {
        case none
        case count(Int)
        /// Of the files that the resource has.
        case percent(Int)
    }

    /// Mode, owner and group that are templates over the item.
    package struct Attributes: Equatable, Sendable {
        package var mode: FieldTemplate?
        package var owner: FieldTemplate?
        package var group: FieldTemplate?

        package var isEmpty: Bool { mode == nil && owner == nil && group == nil }
    }

    package let pattern: KeyPattern
    /// `dest` as it is written, its variables replaced.
    package let destination: String
    /// The directory of all the files.
    package let folder: String
    /// The last part of `dest`.
    package let fileName: FieldTemplate
    /// Whether files of items that are gone are removed.
    package let prune: Bool
    package let maxRemove: RemovalLimit
    package let attributes: Attributes
    /// Judges the staged file of each item.
    package let checkEach: CommandTemplate?

    /// The name of the file of `item`.
    package func name(of item: Item, in environment: any Environment) -> Result<[UInt8], ItemNameError> {
        let outcome = fileName.render(over: item.record(), in: environment)
        if outcome.failure != nil { return .failure(.template(reason: fileName.reason(of: outcome))) }
        do throws(ItemNameError) {
            try ItemNameError.check(item.name)
            try ItemNameError.check(outcome.output)
            return .success(outcome.output)
        } catch {
            return .failure(error)
        }
    }

    /// How many of `owned` files may go at once: one always may.
    package func removable(of owned: Int) -> Int {
        switch maxRemove {
        case .none: .max
        case .count(let count): max(count, 1)
        case .percent(let percent): max(owned * percent / 100, 1)
        }
    }
}

/// Why an item has no file.
package enum ItemNameError: Error, Equatable, Sendable {
    /// The template of its name fails.
    case template(reason: String)
    case empty
    /// `.` and `..` among them.
    case leadingDot
    case slash
    case controlCharacter
    case notUTF8
    /// More bytes than names of files have.
    case tooLong(Int)
    /// Another item has the same file: the key of that one.
    case taken(by: [UInt8])

    /// The bytes that Linux allows a name.
    private static let longest = 255

    /// Throws for a name that no file may have, or that leads out of the directory.
    package static func check(_ name: [UInt8]) throws(ItemNameError) {
        if name.isEmpty { throw .empty }
        if name[0] == UInt8(ascii: ".") { throw .leadingDot }
        if name.contains(UInt8(ascii: "/")) { throw .slash }
        if name.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw .controlCharacter }
        if !String(decoding: name, as: UTF8.self).utf8.elementsEqual(name) { throw .notUTF8 }
        if name.count > longest { throw .tooLong(name.count) }
    }

    /// What is wrong, without the item.
    package var message: String {
        switch self {
        case .template(let reason): "dest: \(reason)"
        case .empty: "its name is empty"
        case .leadingDot: "its name begins with a dot"
        case .slash: "its name holds a slash"
        case .controlCharacter: "its name holds a control character"
        case .notUTF8: "its name is not UTF-8"
        case .tooLong(let count): "its name has \(count) bytes, more than 255"
        case .taken(let key): "\(String(decoding: key, as: UTF8.self)) has the same dest"
        }
    }
}
