import Foundation
import TestSupport
import Testing

/// Signals that come while confd starts.
@Suite struct EarlySignalTests {
    private static let hangUpBit: UInt64 = 1 << (UInt64(SIGHUP) - 1)

    /// Whether `daemon` has blocked SIGHUP, as it does early in its start.
    private func holdsSignals(_ daemon: Child) -> Bool {
        let status = FileManager.default.contents(atPath: "/proc/\(daemon.processID)/status") ?? Data()
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
        let mask = line.flatMap { UInt64($0.dropFirst("SigBlk:".count).drop { $0 == "\t" }, radix: 16) }
        return (mask ?? 0) & Self.hangUpBit != 0
    }

    /// Opens the pipe at `path` for writing; nil while nobody reads it.
    private func openForWriting(_ path: String) -> FileHandle? {
        let descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        return descriptor == -1 ? nil : FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Starts a daemon that waits for its settings, which come from a pipe, and gives the pipe's other end.
    private func startWaiting(_ box: Sandbox, _ arguments: [String] = []) async throws -> (Child, FileHandle) {
        try box.write("keys.yaml", "app: {name: one}\n")
        try box.resource("app", template: #"{{getv "/app/name"}}"#)
        #expect(mkfifo(box.path("settings"), 0o600) == 0)
        let daemon = try Child(
            box.command(
                [
                    "-config-file", box.path("settings"), "-confdir", box.confdir, "-backend", "file", "-file",
                    box.path("keys.yaml"),
                ] + arguments, confdir: false))
        var pipe: FileHandle?
        let isOpen = try await eventually {
            pipe = openForWriting(box.path("settings"))
            return pipe != nil
        }
        #expect(isOpen, "\(daemon.standardError)")
        return (daemon, try #require(pipe))
    }

    /// Report: a HUP in the first milliseconds, while settings were read, ended the daemon.
    @Test(arguments: [["-watch"], ["-interval", "600"]])
    func hangUpWhileSettingsAreRead(_ mode: [String]) async throws {
        try await withSandbox { box in
            let (daemon, pipe) = try await startWaiting(box, mode)
            daemon.send(SIGHUP)
            try pipe.close()
            #expect(try await eventually { box.output("app") == "one" }, "\(daemon.standardError)")
            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
        }
    }

    /// With a command, all signals are for it: none may end confd before it runs.
    @Test func signalsBeforeTheCommandRuns() async throws {
        try await withSandbox { box in
            let (daemon, pipe) = try await startWaiting(box, ["-watch", "--", "/bin/sh", "-c", "exit 7"])
            for signal in [SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH] { daemon.send(signal) }
            try pipe.close()
            let done = try await daemon.wait()
            #expect(done.exitCode == 7, "\(done.testDescription)")
        }
    }

    /// `-onetime` is one full pass already: HUP has nothing to add, and does not end it half-way.
    @Test func hangUpDoesNotEndOnetime() async throws {
        try await withSandbox { box in
            let (child, pipe) = try await startWaiting(box, ["-onetime"])
            child.send(SIGHUP)
            try pipe.close()
            let done = try await child.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "one")
        }
    }

    /// A start that hangs can be ended as usual.
    @Test func terminateWhileSettingsAreRead() async throws {
        try await withSandbox { box in
            let (child, pipe) = try await startWaiting(box, ["-watch"])
            child.send(SIGTERM)
            let done = try await child.wait()
            #expect(done.ending == .signalled(SIGTERM), "\(done.testDescription)")
            try pipe.close()
        }
    }

    /// 200 starts, with a HUP as soon as the first instruction of ours has run or a little later.
    @Test func hangUpAtAnyTimeOfTheStart() async throws {
        try await withSandbox { box in
            try box.resource("app", keys: [], template: "x")
            for number in 0..<200 {
                let daemon = try Child(box.command(["-interval", "600", "-backend", "env"]))
                #expect(try await eventually { holdsSignals(daemon) || !daemon.isRunning })
                usleep(UInt32(number % 40) * 100)
                daemon.send(SIGHUP)
                daemon.send(SIGHUP)
                #expect(try await eventually { daemon.standardError.contains("Starting confd") })
                daemon.send(SIGTERM)
                let done = try await daemon.wait()
                #expect(done.exitCode == 0, "start \(number): \(done.testDescription)")
                if done.exitCode != 0 { return }
            }
        }
    }
}
