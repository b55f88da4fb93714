import Glibc

/// A directory in memory where possible, because etcd waits for its disk a lot. It is removed with this object, and at the latest
/// when the tests end in any way.
package final class MemoryDirectory: Sendable {
    package let path: String
    private let remover: BackgroundProcess

    package init() throws {
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        path = try Shell.run("mktemp -d \(parent)/confd-test.XXXXXX").filter { $0 != "\n" }
        remover = try BackgroundProcess("true", cleanUp: "rm -rf \(path)")
    }
}
