import Posix

/// How a destination differs from what it should be.
package enum Comparison: Equatable, Sendable {
    /// There is no file.
    case absent
    /// Bytes, mode and owner are as wanted.
    case same
    /// The bytes are as wanted, the mode or owner is not.
    case attributesDiffer([AttributeDifference])
    /// The bytes differ, and so may mode and owner.
    case contentDiffers([AttributeDifference])
    /// We may not read the bytes, so they count as different; replacing a file requires rights in its directory only.
    case unreadable(SystemError, [AttributeDifference])

    /// Whether the bytes are as wanted.
    package var isSameContent: Bool {
        switch self {
        case .same, .attributesDiffer: true
        case .absent, .contentDiffers, .unreadable: false
        }
    }

    /// The differences of mode and owner.
    package var attributeDifferences: [AttributeDifference] {
        switch self {
        case .absent, .same: []
        case .attributesDiffer(let differences), .contentDiffers(let differences), .unreadable(_, let differences):
            differences
        }
    }
}

/// One attribute of a file that is not as wanted.
package enum AttributeDifference: Equatable, Sendable {
    case uid(is: UInt32, wanted: UInt32)
    case gid(is: UInt32, wanted: UInt32)
    /// Permission bits with setuid, setgid and sticky.
    case mode(is: UInt16, wanted: UInt16)

    /// confd's log line, for example `/etc/x has mode -rw-r--r-- should be -rw-------`.
    package func message(dest: String) -> String {
        switch self {
        case .uid(let old, let new): "\(dest) has UID \(old) should be \(new)"
        case .gid(let old, let new): "\(dest) has GID \(old) should be \(new)"
        case .mode(let old, let new): "\(dest) has mode \(Self.text(mode: old)) should be \(Self.text(mode: new))"
        }
    }

    /// A mode as Go's `os.FileMode` prints it: letters for setuid, setgid and sticky in front, or a dash.
    static func text(mode: UInt16) -> String {
        let special = [(0o4000, "u"), (0o2000, "g"), (0o1000, "t")]
            .compactMap { Int(mode) & $0.0 == 0 ? nil : $0.1 }.joined()
        let permissions = zip((0..<9).reversed(), "rwxrwxrwx").map { mode & (1 << $0.0) == 0 ? "-" : $0.1 }
        return (special.isEmpty ? "-" : special) + String(permissions)
    }
}
