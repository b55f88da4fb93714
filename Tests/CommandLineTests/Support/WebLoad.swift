import Foundation
import Glibc
import TestSupport

/// wrk, a program that sends requests to a web server as fast as it can.
enum WebLoad {
    /// Starts it for ten minutes at most, with further `arguments` before the URL. Returns once it handles `SIGINT`, on which it
    /// prints its results: an earlier one would end it without them. Of an answer only that it is lost counts, not that it is late.
    static func start(_ arguments: [String], port: UInt16) async throws -> Child {
        let wrk = try Child(
            ChildCommand(
                executable: "wrk",
                arguments: ["-t1", "-d10m", "--timeout", "60s"] + arguments + ["http://127.0.0.1:\(port)/"],
                environment: Machine.environment))
        guard try await eventually({ catches(SIGINT, wrk.processID) || !wrk.isRunning }) else {
            throw SupportError("wrk does not start")
        }
        return wrk
    }

    private static func catches(_ signal: Int32, _ id: pid_t) -> Bool {
        let status = FileManager.default.contents(atPath: "/proc/\(id)/status").map {
            String(decoding: $0, as: UTF8.self)
        }
        let line = status?.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
        let mask = line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
        return mask & 1 << (signal - 1) != 0
    }
}
