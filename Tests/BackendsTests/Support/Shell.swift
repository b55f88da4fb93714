import Glibc

/// Commands that tests need around the code under test.
enum Shell {
    /// Runs `script` with `sh`; its output, or a failure with the output in it.
    @discardableResult
    static func run(_ script: String) throws -> String {
        guard let pipe = popen("{ \(script)\n} 2>&1 </dev/null", "re") else { throw Failure(output: "popen failed") }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { output += buffer[..<count] }
        let status = pclose(pipe)
        let text = String(decoding: output, as: UTF8.self)
        guard status == 0 else { throw Failure(output: "\(script): status \(status): \(text)") }
        return text
    }

    struct Failure: Error {
        let output: String
    }
}

/// A process that runs for as long as this object lives, and no longer than the tests do: its shell reads from a pipe and
/// kills it when the pipe is closed, whatever the reason.
final class BackgroundProcess: Sendable {
    private nonisolated(unsafe) let pipe: UnsafeMutablePointer<FILE>

    /// Runs `command`, which must be a single command, and `cleanUp` after its end.
    init(_ command: String, cleanUp: String = "true") throws {
        let script = "exec 3<&0; \(command) </dev/null & cat <&3; kill -CONT $!; kill -KILL $!; wait; \(cleanUp)"
        guard let pipe = popen("{ \(script)\n} >/dev/null 2>&1", "we") else {
            throw Shell.Failure(output: "popen failed")
        }
        self.pipe = pipe
    }

    deinit { pclose(pipe) }
}

/// A folder that is removed with this object, and at the latest when the tests end.
final class TemporaryFolder: Sendable {
    let path: String
    private let remover: BackgroundProcess

    /// In memory where possible: etcd waits for its disk a lot.
    init() throws {
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        path = try Shell.run("mktemp -d \(parent)/confd-test.XXXXXX").filter { $0 != "\n" }
        remover = try BackgroundProcess("true", cleanUp: "rm -rf \(path)")
    }
}
