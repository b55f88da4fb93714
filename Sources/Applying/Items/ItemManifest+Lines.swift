import Configuration

// The format on disk: a header line, then one event a line, its words separated by tabs.
extension ItemManifest {
    /// The header line, with the version of the format; another one is not read.
    static let head = "confd-items 1\n"

    /// The manifest in `bytes`; nil if they are no manifest of this version. A line that is cut off or unknown is skipped,
    /// and its file stays.
    package init?(parsing bytes: [UInt8]) {
        guard bytes.starts(with: Self.head.utf8) else { return nil }
        self.init()
        let lines = bytes[...].dropFirst(Self.head.utf8.count).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // What follows the last line feed was not written to its end.
        for line in lines.dropLast() {
            if let event = Event(parsing: line) { take(event) }
        }
    }

    /// All of it, as `parsing` reads it.
    var text: [UInt8] { Array(Self.head.utf8) + events.flatMap(\.line) }
}

extension ItemManifest.Event {
    /// With a line feed at its end.
    var line: [UInt8] {
        let words: [String] =
            switch self {
            case .writing(let file, let hash): ["writing", hash.hex, file.folder, file.name]
            case .written(let file, let hash): ["written", hash.hex, file.folder, file.name]
            case .withdrawn(let file, let hash): ["withdrawn", hash.hex, file.folder, file.name]
            case .dropped(let file): ["dropped", file.folder, file.name]
            case .owed: ["owed"]
            case .reloaded: ["reloaded"]
            }
        return Array((words.joined(separator: "\t") + "\n").utf8)
    }

    /// nil for a line that is no event, or names a file that no item can have.
    fileprivate init?(parsing line: ArraySlice<UInt8>) {
        let words = String(decoding: line, as: UTF8.self).split(separator: "\t", omittingEmptySubsequences: false)
        switch (words.first, words.count) {
        case ("writing", 4), ("written", 4), ("withdrawn", 4):
            guard let hash = ContentHash(hex: words[1]), let file = ItemFile(words[2], words[3]) else { return nil }
            switch words[0] {
            case "writing": self = .writing(file, hash)
            case "written": self = .written(file, hash)
            default: self = .withdrawn(file, hash)
            }
        case ("dropped", 3):
            guard let file = ItemFile(words[1], words[2]) else { return nil }
            self = .dropped(file)
        case ("owed", 1): self = .owed
        case ("reloaded", 1): self = .reloaded
        default: return nil
        }
    }
}

extension ItemFile {
    /// nil for a name that leads out of the directory, or that no item has.
    fileprivate init?(_ folder: Substring, _ name: Substring) {
        do throws(ItemNameError) {
            try ItemNameError.check(Array(name.utf8))
        } catch {
            return nil
        }
        guard !folder.isEmpty else { return nil }
        self.init(folder: String(folder), name: String(name))
    }
}
