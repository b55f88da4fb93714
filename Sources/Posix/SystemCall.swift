import Glibc

/// The one place that system calls go through: EINTR is retried, errno becomes a value, tests can make a call fail.
enum SystemCall {
    /// Runs a call that returns -1 and sets errno when it fails.
    @inline(__always)
    @discardableResult
    static func run<Number: FixedWidthInteger & SignedInteger>(
        _ name: StaticString, _ path: String? = nil, _ call: () -> Number
    ) throws(SystemError) -> Number {
        while true {
            #if DEBUG
                if let code = Faults.next(name) {
                    if code == EINTR { continue }
                    throw SystemError(call: name.description, path: path, code: code)
                }
            #endif
            let result = call()
            if result != -1 { return result }
            let code = errno
            if code != EINTR { throw SystemError(call: name.description, path: path, code: code) }
        }
    }

    /// Runs a call that returns 0 or the error's number, such as `posix_spawn`.
    @inline(__always)
    static func runReturningCode(
        _ name: StaticString, _ path: String? = nil, _ call: () -> Int32
    ) throws(SystemError) {
        try run(name, path) { () -> Int32 in
            let code = call()
            if code == 0 { return 0 }
            errno = code
            return -1
        }
    }
}
