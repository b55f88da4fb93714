import Applying
import Configuration
import Posix

/// The command after `--`: started directly, without a shell, and followed to its end.
struct Supervisor {
    private let command: [String]
    private let child: SupervisedChild
    private let logger: Logger
    /// The command's first word.
    var name: String { command[0] }
    private(set) var isRunning = false
    private(set) var hasStarted = false
    /// What we exit with: the command's own code, or 128 + signal.
    private(set) var exitCode: Int32?

    init(_ command: [String], _ child: SupervisedChild, logger: Logger) {
        self.command = command
        self.child = child
        self.logger = logger
    }

    /// Starts the command; `ended` is called from another thread when it is over. If it cannot be started, the exit
    /// code is that of a shell in this case.
    mutating func start(ended: @escaping @Sendable (TerminationStatus) -> Void) throws(SystemError) {
        hasStarted = true
        let arguments = command.map { Array($0.utf8) }
        var request = SpawnRequest(
            executable: command[0], arguments: arguments, environment: ChildEnvironment.entries())
        // In our own group a terminal reaches it, and may be read by it.
        request.ownGroup = false
        request.nullInput = false
        child.willStart()
        let process: ChildProcess
        do {
            process = try ChildProcess(request, output: nil)
        } catch {
            logger.fatal("cannot start \(command[0]): \(error.reason)")
            exitCode = Self.exitCode(of: error)
            return
        }
        logger.info("Started \(command[0]) with process id \(process.id)")
        isRunning = true
        child.started(process)
        try Thread.detach { [logger] in
            do throws(SystemError) {
                ended(try process.wait())
            } catch {
                logger.fatal("cannot wait for process \(process.id): \(error.message)")
                CurrentProcess.exit(ExitCode.failed)
            }
        }
    }

    /// Notes how the command ended. Unless it was told to (`isStopping`), an end that is no success is an error.
    mutating func ended(_ status: TerminationStatus, isStopping: Bool) {
        isRunning = false
        let message: String
        switch status {
        case .exited(let code):
            message = "\(command[0]) ended with exit status \(code)"
            exitCode = code
        case .signalled(let signal):
            message = "\(command[0]) was ended by \(signal.name)"
            exitCode = 128 + signal.number
        }
        if exitCode == 0 || isStopping { logger.info(message) } else { logger.error(message) }
    }

    /// What shells exit with if a command cannot be started.
    static func exitCode(of error: SystemError) -> Int32 { error.code == Errno.noSuchFile ? 127 : 126 }

    /// `-onetime -- COMMAND`: this process goes on as the command, with its id. Returns only if that cannot be started: the
    /// exit code.
    static func become(_ command: [String], logger: Logger) -> Int32 {
        ChildEnvironment.removeSecretsOfThisProcess()
        do throws(SystemError) {
            try CurrentProcess.become(command.map { Array($0.utf8) })
        } catch {
            logger.fatal("cannot start \(command[0]): \(error.reason)")
            return exitCode(of: error)
        }
    }
}
