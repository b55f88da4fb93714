import Glibc

/// A system call that failed: which call, on what, and errno as a value.
package struct SystemError: Error, Equatable, Sendable {
    /// The name of the call, for example `open`.
    package let call: String
    /// The path it worked on, if any.
    package let path: String?
    /// The value of errno, for example `Errno.noSuchFile`.
    package let code: Int32
    /// With `Errno.tooLarge`: the most bytes that the caller reads of a file.
    package let limit: Int?

    package init(call: String, path: String? = nil, code: Int32, limit: Int? = nil) {
        self.call = call
        self.path = path
        self.code = code
        self.limit = limit
    }

    /// Go's form: `open /etc/x: no such file or directory`.
    package var message: String {
        path.map { "\(call) \($0): \(reason)" } ?? "\(call): \(reason)"
    }

    /// The cause alone, as Go words it: `no such file or directory`.
    package var reason: String {
        // strerror(ESPIPE) is "Illegal seek": confd gives this code for a pipe where a file is needed.
        if code == ESPIPE { return "is a pipe, not a file" }
        let text = String(cString: strerror(code))
        let reason = text.prefix(1).lowercased() + text.dropFirst()
        return limit.map { "\(reason), more than \(Self.size($0))" } ?? reason
    }

    private static func size(_ bytes: Int) -> String {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        let unit = units.first { bytes >= 1 << $0.0 && bytes % (1 << $0.0) == 0 }
        return unit.map { "\(bytes >> $0.0) \($0.1)" } ?? "\(bytes) bytes"
    }
}

/// The values of errno that callers decide by.
package enum Errno {
    package static let noSuchFile = ENOENT
    package static let notAFolder = ENOTDIR
    package static let isAFolder = EISDIR
    package static let exists = EEXIST
    package static let notPermitted = EPERM
    package static let accessDenied = EACCES
    package static let readOnly = EROFS
    package static let busy = EBUSY
    package static let otherDevice = EXDEV
    package static let noSpace = ENOSPC
    package static let overQuota = EDQUOT
    package static let tooManyLinks = ELOOP
    package static let notSupported = ENOTSUP
    package static let noAttribute = ENODATA
    package static let wouldBlock = EAGAIN
    package static let invalid = EINVAL
    package static let notImplemented = ENOSYS
    package static let inputOutput = EIO
    package static let interrupted = EINTR
    package static let tooLarge = EFBIG
    package static let notEmpty = ENOTEMPTY
    package static let addressInUse = EADDRINUSE
    package static let connectionRefused = ECONNREFUSED
    package static let connectionReset = ECONNRESET
    package static let hostUnreachable = EHOSTUNREACH
    package static let timedOut = ETIMEDOUT
    package static let cancelled = ECANCELED
    package static let brokenPipe = EPIPE
    package static let noSuchDevice = ENXIO
}

extension Errno {
    /// Whether it says that this machine or process lacks something: descriptors, memory, ports. It then says nothing about
    /// what a call was about.
    package static func isOfThisMachine(_ code: Int32) -> Bool {
        [EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL, ENOSPC].contains(code)
    }
}
