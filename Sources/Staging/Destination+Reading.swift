import Posix

extension Destination {
    /// The bytes and the status of a file that confd only reads, such as a pid file; nil when there is none. More than `limit`
    /// bytes are an error.
    ///
    /// Other users cannot redirect the read to somebody else's file: `PathWalk` refuses unsafe steps, and the last name has to
    /// be a regular file, not a link.
    package func content(limit: Int) throws(StagingError) -> (bytes: [UInt8], status: FileStatus)? {
        guard let file = try openTarget() else { return nil }
        return try staging(path, StagingError.Kind.read) { () throws(SystemError) in
            let status = try file.status()
            return (try file.readAll(limit: limit), status)
        }
    }
}
