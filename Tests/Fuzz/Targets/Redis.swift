@testable import Backends

/// What a redis server sends is decoded or refused, in whatever pieces it arrives; what is encoded can be decoded.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        let bytes = Array(input)
        let whole = tokens([bytes])
        let cut = bytes.isEmpty ? 0 : Int(bytes[0]) % (bytes.count + 1)
        check(tokens([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "two parts give the same")
        if bytes.count <= 256 { check(tokens(bytes.map { [$0] }) == whole, "single bytes give the same") }
        checkCommands(bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init))
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) { _ = tokens([Array(input)]) }

    /// The tokens of the replies in `parts`, the pieces of one stream; an error that ends it is the last token.
    private static func tokens(_ parts: [[UInt8]]) -> [RESPToken] {
        var decoder = RESPDecoder(limit: 1_000)
        var tokens: [RESPToken] = []
        do throws(RESPError) {
            for part in parts {
                decoder.bytes += part
                while let token = try decoder.next() {
                    if case .bulk(let text) = token { check(text.count <= 1_000, "no longer than the limit") }
                    tokens.append(token)
                }
            }
        } catch {
            tokens.append(.error(Array("\(error)".utf8)))
        }
        return tokens
    }

    private static func checkCommands(_ words: [[UInt8]]) {
        let short = words.filter { $0.count <= 1_000 }
        var encoder = RESPEncoder()
        encoder.add(short)
        check(tokens([encoder.bytes]) == [.array(short.count)] + short.map { .bulk($0) }, "what is encoded is decoded")
    }

    static let pumps = [
        Pump("texts") { _ in "+OK\r\n" },
        Pump("numbers") { _ in ":1\r\n" },
        Pump("empty strings") { _ in "$0\r\n\r\n" },
        Pump("strings") { _ in "$3\r\nabc\r\n" },
        Pump("arrays") { _ in "*1\r\n" },
    ]
}
