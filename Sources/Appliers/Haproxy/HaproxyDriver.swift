import Diagnostics
import Posix

/// haproxy from 2.6 on, through its runtime API: the socket that `stats socket PATH level admin` names.
package struct HaproxyDriver: BalancerDriver {
    /// Where haproxy's socket is, and which of its backends is ours.
    package struct Target: Equatable, Sendable {
        package let socket: String
        package let backend: String

        /// Nil for a name that no backend can have.
        package init?(socket: String, backend: String) {
            guard HaproxyCommands.isName(backend) else { return nil }
            self.socket = socket
            self.backend = backend
        }
    }

    package let traits = BalancerTraits(
        identity: .id, live: [.address, .weight, .checks, .state], parks: true, drains: true,
        drainsLeaving: true)
    /// A reload leaves our connection with the old process; four times a second, its cost cannot be measured.
    package let pulse: Duration? = .milliseconds(250)
    private let target: Target
    private let commands: HaproxyCommands
    package let subject: String
    private var session: (connection: HaproxyConnection, process: HaproxyProcess)?

    package init(_ target: Target) {
        self.target = target
        commands = HaproxyCommands(backend: target.backend)
        subject = "haproxy \(target.socket) \(target.backend)"
    }

    package var connection: Int32? { session?.connection.descriptor }

    package mutating func disconnect() { session = nil }

    package func check(_ servers: [DesiredServer]) throws(ApplierError) {
        for server in servers {
            if let problem = HaproxyCommands.problem(server) {
                throw error(.unsupported(server: server.id, problem))
            }
        }
    }

    package mutating func isCurrent(_ patience: Patience) -> Bool {
        guard let session else { return false }
        // A connection that fails is not current either.
        guard let answer = try? session.connection.ask("show info", patience) else { return false }
        guard let process = HaproxyProcess(answer) else { return false }
        return process == session.process && !process.isStopping
    }

    package mutating func read(_ patience: Patience) throws(ApplierError) -> [RunningServer] {
        // After a reload the old process would go on to answer.
        if session != nil, !isCurrent(patience) { session = nil }
        return try connected(patience) { (driver, connection) throws(ApplierError) in
            let answer = try connection.ask(driver.commands.state(), patience)
            if HaproxyAnswer(Said.text(answer)) == .unknownBackend {
                throw try driver.unknownBackend(connection, patience)
            }
            do throws(HaproxyState.Malformed) {
                return try HaproxyState.servers(answer)
            } catch {
                throw driver.error(.malformed(driver.commands.state(), error.reason))
            }
        }
    }

    package mutating func perform(_ steps: [Step], _ patience: Patience) throws(ApplierError) -> StepReport {
        try connected(patience) { (driver, connection) throws(ApplierError) in
            var report = StepReport()
            // What follows for a server whose step was refused would be refused too.
            var failed: Set<String> = []
            for step in steps where !failed.contains(step.server) {
                do throws(StepFailure) {
                    if try driver.take(step, connection, patience) == .pending { report.pending.append(step.server) }
                } catch {
                    switch error {
                    case .connection(let error): throw error
                    case .refused(let error):
                        failed.insert(step.server)
                        report.failures.append(StepReport.Failure(step.server, error))
                    }
                }
            }
            return report
        }
    }
}

// MARK: - Steps

extension HaproxyDriver {
    private enum StepOutcome {
        case done, pending
    }

    private enum StepFailure: Error {
        case connection(ApplierError)
        case refused(ApplierError)
    }

    private func take(
        _ step: Step, _ connection: HaproxyConnection, _ patience: Patience
    ) throws(StepFailure) -> StepOutcome {
        switch step {
        case .add(let server):
            try add(server, connection, patience)
            return try run([commands.state(server)] + commands.checks(server), connection, patience)
        case .change(_, let server, let fields):
            return try run(commands.change(to: server, fields), connection, patience)
        case .drain(let server): return try run(commands.drain(server), connection, patience)
        case .park(let server): return try run(commands.park(server), connection, patience)
        case .remove(let server): return try run(commands.remove(server), connection, patience)
        case .disconnect(let server): return try run(commands.disconnect(server), connection, patience)
        }
    }

    /// Adds the server under the first of its numbers that no other has.
    private func add(
        _ server: DesiredServer, _ connection: HaproxyConnection, _ patience: Patience
    ) throws(StepFailure) {
        for fingerprint in WordsFingerprint.candidates(for: server) {
            let command = commands.add(server, fingerprint)
            let said = try ask(command, connection, patience)
            switch HaproxyAnswer(said) {
            case .done: return
            case .numberTaken: continue
            case let answer: throw .refused(error(kind(answer, command, said)))
            }
        }
        throw .refused(error(.refused("add server \(server.id)", said: "all of its numbers are taken")))
    }

    private func run(
        _ list: [String], _ connection: HaproxyConnection, _ patience: Patience
    ) throws(StepFailure) -> StepOutcome {
        for command in list {
            let said = try ask(command, connection, patience)
            switch HaproxyAnswer(said) {
            case .done: continue
            case .stillConnected: return .pending
            case let answer: throw .refused(error(kind(answer, command, said)))
            }
        }
        return .done
    }

    private func ask(
        _ command: String, _ connection: HaproxyConnection, _ patience: Patience
    ) throws(StepFailure) -> String {
        do throws(ApplierError) {
            return Said.text(try connection.ask(command, patience))
        } catch {
            throw .connection(error)
        }
    }

    private func kind(_ answer: HaproxyAnswer, _ command: String, _ said: String) -> ApplierError.Kind {
        let name = HaproxyConnection.name(of: command)
        switch answer {
        case .unknownBackend: return .unknownBackend(suggestion: nil)
        case .permissionDenied: return .permissionDenied(name, said: said)
        case .fixedAtStart: return .fixedAtStart(name, said: said)
        case .done, .stillConnected, .numberTaken, .refused: return .refused(name, said: said)
        }
    }
}

// MARK: - The connection

extension HaproxyDriver {
    /// Runs `body` with the connection that is kept, or a new one; any error that it throws ends the connection.
    private mutating func connected<Result>(
        _ patience: Patience,
        _ body: (HaproxyDriver, HaproxyConnection) throws(ApplierError) -> Result
    ) throws(ApplierError) -> Result {
        do throws(ApplierError) {
            if let session { return try body(self, session.connection) }
            let new = try connect(patience)
            session = new
            return try body(self, new.connection)
        } catch {
            session = nil
            throw error
        }
    }

    private func connect(
        _ patience: Patience
    ) throws(ApplierError) -> (connection: HaproxyConnection, process: HaproxyProcess) {
        let connection = try HaproxyConnection(to: target.socket, subject: subject, patience)
        guard let process = HaproxyProcess(try connection.ask("show info", patience)) else {
            throw error(.malformed("show info", "no version and no process"))
        }
        guard process.canAddServers else { throw error(.oldVersion(process.version)) }
        let level = Said.text(try connection.ask("show cli level", patience))
        guard level == "admin" else { throw error(.level(String(level.prefix(40)))) }
        return (connection, process)
    }

    private func unknownBackend(
        _ connection: HaproxyConnection, _ patience: Patience
    ) throws(ApplierError) -> ApplierError {
        let lines = String(decoding: try connection.ask("show backend", patience), as: UTF8.self)
        let names = lines.split(separator: "\n").filter { !$0.hasPrefix("#") }.prefix(1_000).map(String.init)
        return error(.unknownBackend(suggestion: Suggestion.nearest(to: target.backend, among: names)))
    }

    private func error(_ kind: ApplierError.Kind) -> ApplierError { ApplierError(kind, subject) }
}
