import Posix
import Synchronization

/// How a file differs from what it should be, for people and for `patch`.
package struct FileDifference {
    /// The file, as its resource names it.
    package let path: String
    /// The content of the file, nil if there is no file.
    package let old: [UInt8]?
    /// The content that it should have.
    package let new: [UInt8]
    package let attributes: [AttributeDifference]
    private let mask: SecretMask
    /// Whether there should be no file.
    private var isRemoval = false

    /// The removal of a file with this content.
    package init(removing path: String, _ content: [UInt8], secrets: [[UInt8]] = []) {
        self.init(path: path, old: content, new: [], secrets: secrets)
        isRemoval = true
    }

    /// `secrets` are masked in the output.
    package init(
        path: String, old: [UInt8]?, new: [UInt8], attributes: [AttributeDifference] = [], secrets: [[UInt8]] = []
    ) {
        mask = SecretMask(secrets)
        self.path = path
        self.old = old
        self.new = new
        self.attributes = attributes
    }

    /// Writes the differences of attributes as lines that `patch` skips, then those of the content.
    package func write(_ style: DiffStyle, to sink: @escaping ([UInt8]) -> Void) {
        var output = DiffOutput(style, mask, sink: sink)
        for difference in attributes { output.writeLine("\(path): \(difference.summary)", .header) }
        if old != new || isRemoval { writeContent(style, to: &output) }
        output.flush()
    }

    private func writeContent(_ style: DiffStyle, to output: inout DiffOutput) {
        let oldName = old == nil ? "/dev/null" : path
        let newName = isRemoval ? "/dev/null" : path
        if (old ?? []).contains(0) || new.contains(0) {
            output.writeLine("Binary files \(oldName) and \(newName) differ", .header)
            return
        }
        output.writeLine("--- \(Self.quoted(oldName))", .header)
        output.writeLine("+++ \(Self.quoted(newName))", .header)
        (old ?? []).withUnsafeBufferPointer { old in
            new.withUnsafeBufferPointer { new in UnifiedDiff(old, new, style, mask).write(to: &output) }
        }
    }

    /// A name as GNU diff and git write it in a header: in quotes if it has control characters, quotes or
    /// backslashes; followed by a tab if it has a space, because `patch` would end the name there.
    private static func quoted(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy {
            $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        if isPlain { return name.contains(" ") ? name + "\t" : name }
        var text = "\""
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += "\\" + String(Unicode.Scalar(byte))
            case UInt8(ascii: "\n"): text += "\\n"
            case UInt8(ascii: "\t"): text += "\\t"
            case 0x20..<0x7F: text += String(Unicode.Scalar(byte))
            default:
                let octal = String(byte, radix: 8)
                text += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
            }
        }
        return text + "\""
    }
}

extension AttributeDifference {
    /// `mode is 0644, should be 0600`; users and groups by name where they have one.
    fileprivate var summary: String {
        switch self {
        case .mode(let old, let new): "mode is \(Self.octal(old)), should be \(Self.octal(new))"
        case .uid(let old, let new): "owner is \(Self.user(old)), should be \(Self.user(new))"
        case .gid(let old, let new): "group is \(Self.group(old)), should be \(Self.group(new))"
        }
    }

    private static func octal(_ mode: UInt16) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    // If the name cannot be looked up, the number is enough.
    private static func user(_ id: UInt32) -> String { (try? Users.name(uid: id)).flatMap { $0 } ?? String(id) }

    private static func group(_ id: UInt32) -> String { (try? Users.name(gid: id)).flatMap { $0 } ?? String(id) }
}

/// Prints differences one file after the other, from any thread.
package final class DiffPrinter: Sendable {
    private let style: DiffStyle
    private let sink: @Sendable ([UInt8]) -> Void
    private let printing = Mutex(())

    /// `sink` takes pieces of text.
    package init(_ style: DiffStyle, sink: @escaping @Sendable ([UInt8]) -> Void) {
        self.style = style
        self.sink = sink
    }

    /// Prints one file, not mixed with others.
    package func print(_ difference: FileDifference) {
        printing.withLock { _ in difference.write(style, to: sink) }
    }
}
