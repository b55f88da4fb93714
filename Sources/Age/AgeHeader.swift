import JSON

/// The header of an age file (https://age-encryption.org/v1): for whom it is, and a code that proves that it was not changed.
struct AgeHeader: Equatable, Sendable {
    /// The file's key, encrypted for one recipient.
    struct Stanza: Equatable, Sendable {
        let type: [UInt8]
        let arguments: [[UInt8]]
        let body: [UInt8]
    }

    let stanzas: [Stanza]
    let code: [UInt8]
    /// What the code is of: from the start up to `---`.
    let coveredCount: Int
    /// The bytes of the header; what follows is the payload.
    let count: Int

    static let version = Array("age-encryption.org/v1".utf8)
    private static let family = Array("age-encryption.org/".utf8)
    /// Each recipient takes a key exchange, so there must not be many.
    static let largest = 32 << 10

    /// Whether `bytes` begin as the header of any version does.
    static func begins(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: family) }

    init(parsing bytes: ArraySlice<UInt8>) throws(AgeError) {
        var reader = LineReader(rest: bytes.prefix(Self.largest), isCut: bytes.count > Self.largest)
        guard try reader.line().elementsEqual(Self.version) else { throw .unknownVersion }
        var stanzas: [Stanza] = []
        while true {
            let before = reader.rest
            let line = try reader.line()
            if line.starts(with: Array("---".utf8)) {
                guard !stanzas.isEmpty else { throw reader.malformed("there is no recipient") }
                let words = Self.words(line)
                guard words.count == 2, words[0].count == 3, let code = Base64.unpadded(words[1]), code.count == 32
                else { throw reader.malformed("no code of the header") }
                self.stanzas = stanzas
                self.code = code
                coveredCount = before.startIndex - bytes.startIndex + 3
                count = reader.rest.startIndex - bytes.startIndex
                return
            }
            stanzas.append(try Self.stanza(line, &reader))
        }
    }

    /// `-> TYPE ARGUMENT…` and lines of base64, of which the last is shorter than the others.
    private static func stanza(
        _ line: ArraySlice<UInt8>, _ reader: inout LineReader
    ) throws(AgeError) -> Stanza {
        let words = words(line)
        guard words.count >= 2, words[0].elementsEqual("->".utf8),
            words[1...].allSatisfy({ !$0.isEmpty && $0.allSatisfy { (33...126).contains($0) } })
        else { throw reader.malformed("no recipient") }
        var body: [UInt8] = []
        while true {
            let line = try reader.line()
            guard line.count <= 64, let bytes = Base64.unpadded(line) else { throw reader.malformed("not base64") }
            body += bytes
            if line.count < 64 { break }
        }
        return Stanza(type: Array(words[1]), arguments: words[2...].map { Array($0) }, body: body)
    }

    private static func words(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    }

    private struct LineReader {
        var rest: ArraySlice<UInt8>
        /// Whether more follows that was left out.
        let isCut: Bool
        private var number = 0

        init(rest: ArraySlice<UInt8>, isCut: Bool) {
            self.rest = rest
            self.isCut = isCut
        }

        mutating func line() throws(AgeError) -> ArraySlice<UInt8> {
            number += 1
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                if isCut { throw .headerTooLarge(limit: AgeHeader.largest) }
                throw malformed("the header has no end")
            }
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            return line
        }

        func malformed(_ what: String) -> AgeError { .malformed(what, line: number) }
    }
}
