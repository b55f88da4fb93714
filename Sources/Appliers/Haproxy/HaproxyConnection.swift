import Posix

/// An interactive connection to haproxy's runtime API: a command at a time, each answer up to the next prompt.
final class HaproxyConnection {
    private let socket: SocketConnection
    private let subject: String

    /// 10,000 servers are 1.5 MB.
    static let answerLimit = 8 << 20
    /// What ends an answer. No line of an answer begins with `> `: names in haproxy have letters, digits and `-_.:` only.
    private static let prompt = Array("\n> ".utf8)
    /// How long the connection may be idle before haproxy ends it; it is made again then.
    private static let idleLimit = "1h"

    /// Connects, and finds out to what.
    init(to path: String, subject: String, _ patience: Patience) throws(ApplierError) {
        self.subject = subject
        do throws(SocketFileError) {
            let file = try SocketFile(path)
            do throws(SystemError) {
                socket = try SocketConnection(path: file.connectPath)
            } catch {
                throw .system(SystemError(call: error.call, path: path, code: error.code))
            }
        } catch {
            throw ApplierError(error.kind, subject)
        }
        for command in ["prompt", "set timeout cli \(Self.idleLimit)"] {
            let said = Said.text(try ask(command, patience))
            if !said.isEmpty { throw error(.malformed(command, said)) }
        }
    }

    /// Readable when haproxy has ended the connection.
    var descriptor: Int32 { socket.descriptor }

    /// Sends `command` and returns what haproxy says to it, without the prompt. After an error the connection is of no
    /// use any more: an answer could be taken for that of another command.
    func ask(_ command: String, _ patience: Patience) throws(ApplierError) -> [UInt8] {
        let name = Self.name(of: command)
        let deadline = Clock.monotonic() + patience.limit
        if let rest = try receive(name) {
            throw error(rest.isEmpty ? .ended(name) : .malformed(name, "there was an answer before"))
        }
        try send(Array("\(command)\n".utf8), name, deadline, patience.cancellation)
        var answer: [UInt8] = []
        while true {
            guard let bytes = try receive(name) else {
                try wait(for: .reading(socket.descriptor), name, deadline, patience.cancellation)
                continue
            }
            if bytes.isEmpty { throw error(.ended(name)) }
            answer += bytes
            if answer.count > Self.answerLimit { throw error(.tooLarge(limit: Self.answerLimit)) }
            if answer.suffix(Self.prompt.count).elementsEqual(Self.prompt) {
                return Array(answer.dropLast(Self.prompt.count))
            }
            if Clock.monotonic() >= deadline { throw error(.timeout(name)) }
        }
    }

    private func send(
        _ bytes: [UInt8], _ name: String, _ deadline: Duration, _ cancellation: Cancellation
    ) throws(ApplierError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            do throws(SystemError) {
                rest = rest.dropFirst(try socket.send(rest))
            } catch {
                throw self.error(.system(error))
            }
            if !rest.isEmpty { try wait(for: .writing(socket.descriptor), name, deadline, cancellation) }
        }
    }

    private func receive(_ name: String) throws(ApplierError) -> [UInt8]? {
        do throws(SystemError) {
            return try socket.receive(limit: 64 << 10)
        } catch {
            throw self.error(.system(error))
        }
    }

    private func wait(
        for interest: Poll.Interest, _ name: String, _ deadline: Duration, _ cancellation: Cancellation
    ) throws(ApplierError) {
        let ready: [Bool]
        do throws(SystemError) {
            ready = try Poll.wait(
                for: [interest, .reading(cancellation.descriptor)], timeout: deadline - Clock.monotonic())
        } catch {
            throw self.error(.system(error))
        }
        if ready[1] { throw error(.cancelled) }
        if !ready[0] { throw error(.timeout(name)) }
    }

    private func error(_ kind: ApplierError.Kind) -> ApplierError { ApplierError(kind, subject) }

    /// What errors call a command: `add server web/a`, without the words that follow.
    static func name(of command: String) -> String {
        command.split(separator: " ").prefix(3).joined(separator: " ")
    }
}
