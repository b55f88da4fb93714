import Glibc

/// Commands that tests need around the code under test.
package enum Shell {
    /// Runs `script` with `sh`; its output, or a failure with the output in it.
    @discardableResult
    package static func run(_ script: String) throws -> String {
        guard let pipe = popen("{ \(script)\n} 2>&1 </dev/null", "re") else { throw Failure(output: "popen failed") }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { output += buffer[..<count] }
        let status = pclose(pipe)
        let text = String(decoding: output, as: UTF8.self)
        guard status == 0 else { throw Failure(output: "\(script): status \(status): \(text)") }
        return text
    }

    package struct Failure: Error {
        package let output: String

        package init(output: String) { self.output = output }
    }
}

/// A process that is killed when this object is freed, and when the tests end in any way: its shell reads from a pipe, and kills
/// it when the pipe is closed.
package final class BackgroundProcess: Sendable {
    private nonisolated(unsafe) let pipe: UnsafeMutablePointer<FILE>

    /// Runs `command`, which must be a single command, and `cleanUp` after its end.
    package init(_ command: String, cleanUp: String = "true") throws {
        let script = "exec 3<&0; \(command) </dev/null & cat <&3; kill -CONT $!; kill -KILL $!; wait; \(cleanUp)"
        guard let pipe = popen("{ \(script)\n} >/dev/null 2>&1", "we") else {
            throw Shell.Failure(output: "popen failed")
        }
        self.pipe = pipe
    }

    deinit { pclose(pipe) }
}
