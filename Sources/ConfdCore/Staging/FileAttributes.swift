import Posix

/// The mode and owner that a resource asks for; nil keeps what the existing file has, else 0644 and our own ids.
package struct FileAttributes: Equatable, Sendable {
    /// The permission bits with setuid, setgid and sticky, `0...0o7777`.
    package var mode: UInt16?
    /// The owner's number.
    package var uid: UInt32?
    /// The group's number.
    package var gid: UInt32?

    /// Attributes to ask for; those left out are kept.
    package init(mode: UInt16? = nil, uid: UInt32? = nil, gid: UInt32? = nil) {
        self.mode = mode
        self.uid = uid
        self.gid = gid
    }
}
