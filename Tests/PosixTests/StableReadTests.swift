import Glibc
import Posix
import TestSupport
import Testing

/// Files that somebody is writing.
@Suite struct StableReadTests {
    private func withFile(_ body: (String) throws -> Void) throws {
        let directory = try TemporaryDirectory()
        try body(try directory.write("file", "whole"))
    }

    @Test func openForWriting() throws {
        try withFile { path in
            do {
                let writer = try FileDescriptor(opening: path, [.write, .append])
                try writer.writeAll(Array(" and more".utf8))
                #expect(try Files.readStable(path) == nil)
            }
            // A child of another test, cloned while it was open, has it open too until it is another program.
            #expect(try eventuallyBlocking { try Files.readStable(path) == Array("whole and more".utf8) })
            #expect(try Files.readWhenStable(path) == Array("whole and more".utf8))
        }
    }

    /// A descriptor that is open for writing does not matter if the file has not changed for some seconds.
    @Test func openButUnchanged() throws {
        try withFile { path in
            let writer = try FileDescriptor(opening: path, [.write, .append])
            var times = [timespec(), timespec(tv_sec: time(nil) - 10, tv_nsec: 0)]
            #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
            #expect(try Files.readStable(path) == Array("whole".utf8))
            _ = writer
        }
    }

    @Test func pipesAndMissingFiles() throws {
        #expect(throws: SystemError.self) { try Files.readStable("/none") }
        #expect(try Files.readStable("/dev/null") == [])
        let folder = try TemporaryDirectory()
        #expect(mkfifo(folder("pipe"), 0o600) == 0)
        let error = #expect(throws: SystemError.self) { try Files.readStable(folder("pipe")) }
        #expect(error?.message == "open \(folder("pipe")): is a pipe, not a file")
        try withFile { path in
            #expect(throws: SystemError.self) { try Files.readStable(path, limit: 3) }
        }
    }

    @Test func locks() throws {
        try withFile { path in
            let first = try FileDescriptor(opening: path, .read)
            let second = try FileDescriptor(opening: path, .read)
            #expect(try first.lock())
            #expect(try !second.lock())
        }
    }
}
