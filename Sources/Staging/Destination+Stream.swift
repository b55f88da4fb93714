import Posix

/// A destination that is written to and never replaced. It has no content to compare with, and no file is created beside it.
package enum StreamDestination: Equatable, Sendable {
    /// The number of a descriptor that this process was started with: `/dev/stdout`, `/proc/self/fd/3`. It may be a regular
    /// file, by a redirection of the shell, whose offset other writers share.
    case inherited(Int32)
    case characterDevice
    case pipe

    init?(_ kind: FileStatus.Kind?) {
        switch kind {
        case .characterDevice: self = .characterDevice
        case .pipe: self = .pipe
        case .regular, .folder, .symbolicLink, .socket, .blockDevice, .unknown, nil: return nil
        }
    }

    fileprivate func isOf(_ kind: FileStatus.Kind) -> Bool {
        switch self {
        case .inherited: kind != .folder && kind != .blockDevice
        case .characterDevice: kind == .characterDevice
        case .pipe: kind == .pipe
        }
    }
}

extension Destination {
    /// Writes all of `content` to `stream`.
    ///
    /// Throws if a pipe has no reader, if no byte is accepted for `patience`, and once `cancellation` is readable. A part of
    /// the content may have been written then.
    package func write(
        _ content: [UInt8], to stream: StreamDestination, patience: Duration, cancellation: Int32
    ) throws(StagingError) {
        try staging(path, StagingError.Kind.stream) { () throws(SystemError) in
            let file =
                switch stream {
                case .inherited(let number): try FileDescriptor(inherited: number, path: path)
                case .characterDevice, .pipe: try open(.write)
                }
            // It may have been replaced since its type was looked up.
            guard stream.isOf(try file.status().kind) else {
                throw SystemError(call: "open", path: path, code: Errno.invalid)
            }
            try file.writeStream(content, patience: patience, cancellation: cancellation)
        }
    }
}
