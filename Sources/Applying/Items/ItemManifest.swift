import Configuration
import Digests
import Rendering

/// Which files are those of a resource's items, and what was written into each last: events in, a state out. Kept on disk
/// as the lines of the events (`ItemJournal`).
///
/// Only files that are listed here may be removed, and only while they hold what was written.
package struct ItemManifest: Equatable, Sendable {
    /// What happens to files.
    package enum Event: Equatable, Sendable {
        /// The content with this hash is about to be put into the file; before that, the line is on disk.
        case writing(ItemFile, ContentHash)
        /// The content is in the file.
        case written(ItemFile, ContentHash)
        /// The content that was about to be put into the file was not: its check has refused it.
        case withdrawn(ItemFile, ContentHash)
        /// The file is not ours any more: it was removed, or somebody else has written it.
        case dropped(ItemFile)
        /// Files are about to be removed, for which a reload is owed.
        case owed
        /// That reload has succeeded.
        case reloaded
    }

    /// What a file may hold.
    package struct Contents: Equatable, Sendable {
        /// What was put into it last.
        private(set) var written: ContentHash?
        /// What was begun since then, the last one newest: if confd was killed, it may be there.
        private(set) var begun: [ContentHash] = []

        private static let mostBegun = 7

        init(written: ContentHash? = nil) { self.written = written }

        var isEmpty: Bool { written == nil && begun.isEmpty }

        func contains(_ hash: ContentHash) -> Bool { written == hash || begun.contains(hash) }

        mutating func begin(_ hash: ContentHash) {
            withdraw(hash)
            if hash != written { begun = begun.suffix(Self.mostBegun - 1) + [hash] }
        }

        mutating func withdraw(_ hash: ContentHash) { begun.removeAll { $0 == hash } }
    }

    package private(set) var files: [ItemFile: Contents] = [:]
    package private(set) var isReloadOwed = false

    /// Without files.
    package init() {}

    package mutating func take(_ event: Event) {
        switch event {
        case .writing(let file, let hash): files[file, default: Contents()].begin(hash)
        case .written(let file, let hash): files[file] = Contents(written: hash)
        case .withdrawn(let file, let hash):
            files[file]?.withdraw(hash)
            if files[file]?.isEmpty ?? false { files[file] = nil }
        case .dropped(let file): files[file] = nil
        case .owed: isReloadOwed = true
        case .reloaded: isReloadOwed = false
        }
    }

    /// Whether `content` is what was written into `file`, or was about to be.
    func isOurs(_ content: [UInt8], in file: ItemFile) -> Bool {
        files[file]?.contains(ContentHash(of: content)) ?? false
    }

    /// The files that no item of `rule` wants, in their order; with `names`, only those of its directory with such a name.
    func orphans(of rule: ItemRule, among names: Set<[UInt8]>?, isWanted: ([UInt8]) -> Bool) -> [ItemFile] {
        guard let names else {
            return files.keys.filter { $0.folder != rule.folder || !isWanted(Array($0.name.utf8)) }.sorted()
        }
        let named = names.filter { !isWanted($0) }.map {
            ItemFile(folder: rule.folder, name: String(decoding: $0, as: UTF8.self))
        }
        return named.filter { files[$0] != nil }.sorted()
    }

    /// The events that lead here from an empty manifest.
    var events: [Event] {
        let sorted = files.sorted { $0.key < $1.key }
        let ofFiles = sorted.flatMap { file, contents in
            (contents.written.map { [Event.written(file, $0)] } ?? []) + contents.begun.map { .writing(file, $0) }
        }
        return ofFiles + (isReloadOwed ? [.owed] : [])
    }
}

/// A file of an item: neither part holds a control character.
package struct ItemFile: Hashable, Sendable, Comparable {
    package let folder: String
    package let name: String

    package init(folder: String, name: String) {
        self.folder = folder
        self.name = name
    }

    package static func < (left: ItemFile, right: ItemFile) -> Bool {
        (left.folder, left.name) < (right.folder, right.name)
    }
}

/// The SHA-256 of a file's content.
package struct ContentHash: Hashable, Sendable {
    private let words: SIMD4<UInt64>

    package init(of content: [UInt8]) { words = SHA256.words(of: content) }

    /// nil unless `hex` is 64 digits.
    init?(hex: Substring) {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var words = SIMD4<UInt64>()
        for word in 0..<4 {
            let text = String(decoding: digits[word * 16..<word * 16 + 16], as: UTF8.self)
            guard let number = UInt64(text, radix: 16), text.utf8.first != UInt8(ascii: "+") else { return nil }
            words[word] = number
        }
        self.words = words
    }

    var hex: String {
        (0..<4).map { word in
            let text = String(words[word], radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }.joined()
    }
}
