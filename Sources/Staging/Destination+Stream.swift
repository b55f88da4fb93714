import Posix

/// What a destination is that is written, and never replaced: it keeps no content that could be compared, and nothing
/// stands beside it.
package enum StreamDestination: Equatable, Sendable {
    /// A descriptor that this process was started with, by its number: `/dev/stdout`, `/proc/self/fd/3`. Also where it is a
    /// regular file, by a redirection of the shell: other writers share its position.
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
    /// Writes all of `content` to the stream that this destination is.
    ///
    /// Throws if nobody reads it (a pipe), or takes nothing for `patience`, or once `cancellation` is readable: then a part may
    /// have been written.
    package func write(
        _ content: [UInt8], to stream: StreamDestination, patience: Duration, cancellation: Int32
    ) throws(StagingError) {
        try staging(path, StagingError.Kind.stream) { () throws(SystemError) in
            let file =
                switch stream {
                case .inherited(let number): try FileDescriptor(inherited: number, path: path)
                case .characterDevice, .pipe: try open(.write)
                }
            // It was looked at before it was opened.
            guard stream.isOf(try file.status().kind) else {
                throw SystemError(call: "open", path: path, code: Errno.invalid)
            }
            try file.writeStream(content, patience: patience, cancellation: cancellation)
        }
    }
}
