import Diagnostics

/// Words of a peer, for our log.
enum PeerText {
    /// The beginning of `bytes`, at most 200 of them, on one printable line.
    static func line(_ bytes: some Collection<UInt8>) -> String {
        PrintableText.line(String(decoding: bytes.prefix(200), as: UTF8.self)) + (bytes.count > 200 ? "…" : "")
    }
}
