import Posix

extension Destination {
    /// The bytes of a file that others write and we read, and its status; nil when there is no file. More than `limit` bytes
    /// are an error.
    ///
    /// The walk to it, and that no link and nothing but a file is opened, keep other users from leading us to a file of
    /// somebody else.
    package func content(limit: Int) throws(StagingError) -> (bytes: [UInt8], status: FileStatus)? {
        guard let file = try openTarget() else { return nil }
        return try staging(path, StagingError.Kind.read) { () throws(SystemError) in
            let status = try file.status()
            return (try file.readAll(limit: limit), status)
        }
    }
}
