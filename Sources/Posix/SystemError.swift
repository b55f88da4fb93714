import Glibc

/// A system call that failed: which call, on what, and errno as a value.
package struct SystemError: Error, Equatable, Sendable {
    /// The name of the call, for example `open`.
    package let call: String
    /// The path it worked on, if any.
    package let path: String?
    /// The value of errno, for example `ENOENT`.
    package let code: Int32

    package init(call: String, path: String? = nil, code: Int32) {
        self.call = call
        self.path = path
        self.code = code
    }

    /// Go's form: `open /etc/x: no such file or directory`.
    package var message: String {
        let reason = String(cString: strerror(code))
        let lowered = reason.prefix(1).lowercased() + reason.dropFirst()
        return path.map { "\(call) \($0): \(lowered)" } ?? "\(call): \(lowered)"
    }
}
