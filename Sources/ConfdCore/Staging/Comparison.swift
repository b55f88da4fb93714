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
}

/// One attribute of a file that is not as wanted.
package enum AttributeDifference: Equatable, Sendable {
    case uid(is: UInt32, wanted: UInt32)
    case gid(is: UInt32, wanted: UInt32)
    /// Permission bits with setuid, setgid and sticky.
    case mode(is: UInt16, wanted: UInt16)

    /// confd's log line, for example `/etc/x has mode -rw-r--r-- should be -rw-------`.
    package func message(dest: String) -> String { preconditionFailure("sketch") }
}
