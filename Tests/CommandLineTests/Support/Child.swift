import Foundation
import Glibc
import Posix
import Synchronization
import TestSupport
import Testing

/// How a process ended.
enum Ending: Equatable {
    case exited(Int32)
    case signalled(Int32)
    /// It did not end by itself within its time and was killed with its group.
    case timedOut
}

/// A process that has ended, with everything it wrote.
struct Finished: CustomTestStringConvertible {
    let ending: Ending
    let standardOutput: String
    let standardError: String
    let processID: pid_t

    /// The exit code, or nil after a signal or a timeout.
    var exitCode: Int32? {
        if case .exited(let code) = ending { code } else { nil }
    }

    var errorLines: [String] {
        standardError.split(separator: "\n").map(String.init)
    }

    var testDescription: String {
        "\(ending)\n--- stdout\n\(standardOutput)--- stderr\n\(standardError)---"
    }
}

/// What to start.
struct ChildCommand {
    var executable: String
    var arguments: [String] = []
    /// The whole environment: nothing is inherited, so a stray `CONFD_…` variable cannot change a test.
    var environment: [String: String] = [:]
    var directory: String?
    /// What stands on standard input; nothing = `/dev/null`.
    var input: [UInt8]?
}

/// A started process, with its output in files: no pipe can fill up, and a grandchild that outlives it holds nothing.
final class Child {
    let processID: pid_t
    private let outputPath: String
    private let errorPath: String
    private let state = State()

    /// How the process ended, nil while it runs. The lock is held wherever its process ID is used: once the process has been
    /// collected, another one may have that ID.
    private final class State: Sendable {
        let ending = Mutex<Ending?>(nil)
    }

    init(_ command: ChildCommand, inputDescriptor: Int32? = nil) throws {
        let scratch = "\(NSTemporaryDirectory())/confd-child-\(UUID().uuidString)"
        outputPath = scratch + ".out"
        errorPath = scratch + ".err"
        var inputPath = "/dev/null"
        if let input = command.input {
            inputPath = scratch + ".in"
            try Data(input).write(to: URL(fileURLWithPath: inputPath))
        }
        defer { if command.input != nil { unlink(inputPath) } }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let inputDescriptor {
            posix_spawn_file_actions_adddup2(&actions, inputDescriptor, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, inputPath, O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // The child closes the descriptors that other tests have open at this moment: they would count towards its
        // limits, and keep those tests' files open.
        _ = Self.closeFrom?(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own, so that a timeout reaches what it started; default signals, because a test runner may
        // ignore some.
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        // `env -C` changes the folder and executes the command: Swift does not see the GNU extension of posix_spawn for it.
        let entering = command.directory.map { ["env", "-C", $0] } ?? []
        let words = entering + [command.executable] + command.arguments
        let argv = CStrings(words)
        let environ = CStrings(command.environment.map { "\($0)=\($1)" })
        var started = pid_t()
        let status = posix_spawnp(&started, words[0], &actions, &attributes, argv.pointers, environ.pointers)
        guard status == 0 else {
            throw SupportError("cannot start \(command.executable): \(String(cString: strerror(status)))")
        }
        processID = started
        try Self.reap(started, into: state)
    }

    deinit {
        // A test that failed half-way leaves nothing running.
        killGroup()
        unlink(outputPath)
        unlink(errorPath)
    }

    private typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, CInt) -> CInt

    /// `posix_spawn_file_actions_addclosefrom_np`, a GNU extension that Swift does not see.
    private static let closeFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
        unsafeBitCast($0, to: CloseFrom.self)
    }

    /// What it has written so far.
    var standardOutput: String { Self.text(outputPath) }
    var standardError: String { Self.text(errorPath) }

    var isRunning: Bool { ending == nil }

    func send(_ signal: Int32) {
        state.ending.withLock { if $0 == nil { kill(processID, signal) } }
    }

    /// Waits for the end; after `seconds` the whole group is killed. The limit only ends a test that hangs: a busy machine
    /// must not reach it.
    func wait(seconds: Double = 60) async throws -> Finished {
        let ended = try await eventually(seconds: seconds) { self.ending != nil }
        if !ended { killGroup() }
        return Finished(
            ending: ended ? ending ?? .timedOut : .timedOut, standardOutput: standardOutput,
            standardError: standardError, processID: processID)
    }

    private var ending: Ending? { state.ending.withLock { $0 } }

    /// Kills its group and all its descendants: commands of confd have groups of their own.
    private func killGroup() {
        state.ending.withLock {
            guard $0 == nil else { return }
            let descendants = descendants(of: processID)
            kill(-processID, SIGKILL)
            for id in descendants { kill(id, SIGKILL) }
        }
        // The caller may go on to remove the folder of the process, which must have ended then.
        while ending == nil { usleep(1_000) }
    }

    /// Collects the process at its end on a thread of its own: the thread with which swift-testing waits for exit tests takes a
    /// whole processor for as long as there is a process that nobody has collected.
    private static func reap(_ processID: pid_t, into state: State) throws {
        try Posix.Thread.detach {
            var info = siginfo_t()
            while waitid(P_PID, id_t(processID), &info, WEXITED | WNOWAIT) == -1, errno == EINTR {}
            state.ending.withLock { ending in
                var status: Int32 = 0
                waitpid(processID, &status, 0)
                let signal = status & 0x7F
                ending = signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
            }
        }
    }

    private static func text(_ path: String) -> String {
        // The file is absent only until the child has been set up: nothing is written before.
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Starts a command and waits for its end.
func run(_ command: ChildCommand, seconds: Double = 60) async throws -> Finished {
    try await Child(command).wait(seconds: seconds)
}

/// Starts a tool found in PATH and waits for its end.
func run(_ tool: String, _ arguments: String..., input: [UInt8]? = nil) async throws -> Finished {
    try await run(
        ChildCommand(executable: tool, arguments: arguments, environment: Machine.environment, input: input))
}

/// A NULL-terminated array of C strings that lives as long as it is referred to.
private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
        pointers[strings.count] = nil
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}
