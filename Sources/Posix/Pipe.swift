import CPosix
import Glibc

/// A pipe's two ends; reading does not wait.
package struct Pipe: ~Copyable, Sendable {
    /// The end that a child's output is read from.
    package let reading: FileDescriptor
    /// The end that a child writes to; nil once closed here.
    package private(set) var writing: FileDescriptor?
    /// The most bytes that wait in it.
    package let capacity: Int

    /// A new pipe, both ends close-on-exec.
    package init() throws(SystemError) {
        var numbers: [Int32] = [0, 0]
        try SystemCall.run("pipe2") { confd_pipe(&numbers) }
        let first = FileDescriptor(number: numbers[0], path: nil)
        writing = FileDescriptor(number: numbers[1], path: nil)
        try SystemCall.run("fcntl") { fcntl(first.number, F_SETFL, O_NONBLOCK) }
        reading = first
        // Linux's size since 2.6.11, and the largest that `F_GETPIPE_SZ` says by default.
        capacity = 65_536
    }

    /// Closes our copy of the writing end, so that the end of the output can be seen.
    package mutating func closeWriting() { writing = nil }
}
