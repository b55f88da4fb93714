import Glibc
import Posix

@testable import Staging

extension Destination {
    /// Stages and replaces in one go.
    @discardableResult
    func apply(
        _ text: String, _ attributes: FileAttributes = FileAttributes(), keep: Bool = false,
        _ options: CheckedFile.Options = CheckedFile.Options()
    ) throws(StagingError) -> Replacement {
        try StagedFile(Array(text.utf8), for: self, attributes: attributes, keep: keep).withoutCheck()
            .replace(options)
    }
}

/// Rights and mounts of a single thread, which do not affect other tests.
enum Privileges {
    static let isRoot = geteuid() == 0

    /// Runs `body` on a thread whose effective user and group are `id`, without any of root's capabilities.
    static func with<Result>(id: Int, _ body: @escaping () throws -> Result) throws -> Result {
        try onThread {
            // The raw calls: glibc's change the ids of all threads.
            let group = systemCall(number.setresgid, -1, id, -1)
            let user = systemCall(number.setresuid, -1, id, -1)
            precondition(group == 0 && user == 0 && geteuid() == UInt32(id), "root may become anybody")
            return try body()
        }
    }

    /// Whether a private mount namespace can be made.
    static let canMount: Bool = (try? inMountNamespace { mount("none", "/mnt", "tmpfs", 0, nil) == 0 }) ?? false

    /// Runs `body` on a thread that has its mounts to itself.
    static func inMountNamespace<Result>(_ body: @escaping () throws -> Result) throws -> Result {
        try onThread {
            // CLONE_FS | CLONE_NEWNS; then MS_REC | MS_PRIVATE.
            guard systemCall(number.unshare, 0x200 | 0x2_0000, 0, 0) == 0,
                mount("none", "/", nil, 0x4000 | 0x4_0000, nil) == 0
            else { throw SystemError(call: "unshare", code: errno) }
            return try body()
        }
    }

    /// Mounts `source` on `target`, both files or both folders.
    static func bind(_ source: String, on target: String) throws {
        if mount(source, target, nil, 0x1000, nil) != 0 { throw SystemError(call: "mount", path: target, code: errno) }
    }

    /// Mounts an empty file system of `size` bytes.
    static func mountMemory(_ target: String, size: Int) throws {
        let status = "size=\(size)".withCString { mount("none", target, "tmpfs", 0, $0) }
        if status != 0 { throw SystemError(call: "mount", path: target, code: errno) }
    }

    private static func onThread<Value>(_ body: () throws -> Value) throws -> Value {
        var result: Result<Value, any Error>?
        let work = { result = Result { try body() } }
        try withoutActuallyEscaping(work) { work in
            // The caller waits in `join`, so nothing is used by two threads at once.
            nonisolated(unsafe) let work = work
            try Thread.start(stackSize: 8 << 20) { work() }.join()
        }
        return try result!.get()
    }

    private typealias SystemCall = @convention(c) (Int, Int, Int, Int) -> Int

    /// `syscall`, which Swift does not import because it is variadic; its arguments are integers here.
    private static func systemCall(_ number: Int, _ first: Int, _ second: Int, _ third: Int) -> Int {
        guard let symbol = dlsym(nil, "syscall") else { preconditionFailure("libc has syscall") }
        return unsafeBitCast(symbol, to: SystemCall.self)(number, first, second, third)
    }

    #if arch(x86_64)
        private static let number = (setresuid: 117, setresgid: 119, unshare: 272)
    #else
        private static let number = (setresuid: 147, setresgid: 149, unshare: 97)
    #endif
}
