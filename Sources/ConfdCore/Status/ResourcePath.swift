/// The path of a request at the control socket: a word and the resource's name, as `/release/app.toml`, with `%2F` and the
/// like for all bytes but letters, digits, `.`, `_`, `~` and `-`.
struct ResourcePath {
    static let release = ResourcePath(start: "/release/")
    static let clean = ResourcePath(start: "/clean/")
    static let last = ResourcePath(start: "/last/")

    private let start: String

    func path(of resource: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var path = Array(start.utf8)
        for byte in resource.utf8 {
            if Self.isPlain(byte) {
                path.append(byte)
            } else {
                path += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: path, as: UTF8.self)
    }

    /// The resource that `path` names, nil for another path.
    func resource(of path: String) -> String? {
        guard path.hasPrefix(start) else { return nil }
        let bytes = Array(path.utf8.dropFirst(start.utf8.count))
        var name: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, let high = Self.digit(bytes[index + 1]),
                    let low = Self.digit(bytes[index + 2])
                else { return nil }
                name.append(high << 4 | low)
                index += 3
            } else {
                name.append(bytes[index])
                index += 1
            }
        }
        return String(validating: name, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
