import CPosix
import Glibc

/// The environment variables of this process, as bytes.
package enum Environment {
    /// Every entry `NAME=VALUE`, in the order the kernel gave them.
    package static func entries() -> [[UInt8]] {
        var entries: [[UInt8]] = []
        guard var next = confd_environ() else { return [] }
        while let entry = next.pointee {
            entries.append(Array(UnsafeBufferPointer(start: entry, count: strlen(entry)).map(UInt8.init(bitPattern:))))
            next += 1
        }
        return entries
    }

    /// Removes the variable `name`. No other thread may use the environment meanwhile.
    package static func remove(_ name: String) { unsetenv(name) }

    /// The value of the variable `name`, nil if it is not set.
    package static func bytes(_ name: String) -> [UInt8]? {
        guard let value = getenv(name) else { return nil }
        return UnsafeBufferPointer(start: value, count: strlen(value)).map(UInt8.init(bitPattern:))
    }

    /// The value of the variable `name` as text, each invalid sequence replaced by U+FFFD; nil if it is not set.
    package static func text(_ name: String) -> String? {
        bytes(name).map { String(decoding: $0, as: UTF8.self) }
    }
}
