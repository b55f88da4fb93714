import Posix

/// A conversation over a connection of its own.
final class SocketProbe: RunningProbe {
    /// The most that is received, whatever the conversation makes of it: twice the largest answer that one reads to its end,
    /// with room for bodies in small chunks.
    private static let limit = 512 << 10

    private let token: UInt64
    private let context: ProbeContext
    private var conversation: any Conversation
    /// Those that were not tried yet.
    private var endpoints: ArraySlice<Endpoint>
    private var connection: SocketConnection?
    private var outbound: ArraySlice<UInt8> = []
    private var received = 0
    private(set) var phase = ProbePhase.connecting

    /// The first of `endpoints` that can be connected to is the one; `token` is what events about it carry.
    init(_ conversation: any Conversation, _ endpoints: [Endpoint], token: UInt64, _ context: ProbeContext) {
        self.conversation = conversation
        self.endpoints = endpoints[...]
        self.token = token
        self.context = context
    }

    func begin() -> ProbeResult? { connect(orFail: .failure(.closed)) }

    func handle(_ event: EventPoll.Event) -> ProbeResult? {
        guard let connection else { return nil }
        do throws(SystemError) {
            if phase == .connecting {
                if event.hasFailed, let code = connection.connectionFailure {
                    return connect(orFail: ProbeResult(SystemError(call: "connect", code: code)))
                }
                guard event.canWrite else { return nil }
                phase = .waiting
                if let result = try follow(conversation.open(), connection) { return result }
            } else if event.canWrite {
                try flush(connection)
            }
            return event.canRead || event.hasFailed ? try read(connection) : nil
        } catch {
            return ProbeResult(error)
        }
    }

    func end() { connection = nil }

    /// Begins to connect to the next endpoint; `failure` if there is none.
    private func connect(orFail failure: ProbeResult) -> ProbeResult? {
        connection = nil
        var failure = failure
        while let endpoint = endpoints.popFirst() {
            do throws(SystemError) {
                let next = try endpoint.connect()
                try context.events.add(next.descriptor, token: token, .change)
                connection = next
                return nil
            } catch {
                failure = ProbeResult(error)
            }
        }
        return failure
    }

    private func follow(_ step: ConversationStep, _ connection: SocketConnection) throws(SystemError) -> ProbeResult? {
        switch step {
        case .wait: return nil
        case .send(let bytes):
            outbound += bytes
            try flush(connection)
            return nil
        case .done(let result, let farewell):
            // Whether the peer takes the last words makes no difference to the result.
            if !farewell.isEmpty { _ = try? connection.send(farewell[...]) }
            return result
        }
    }

    private func flush(_ connection: SocketConnection) throws(SystemError) {
        while !outbound.isEmpty {
            let count = try connection.send(outbound)
            if count == 0 { return }
            outbound = outbound.dropFirst(count)
        }
    }

    /// Reads all that has come.
    private func read(_ connection: SocketConnection) throws(SystemError) -> ProbeResult? {
        while let count = try connection.receive(into: context.buffer) {
            if count == 0 { return conversation.close() }
            received += count
            guard received <= Self.limit else { return .failure(.malformed("the answer does not end")) }
            let step = conversation.receive(Array(context.buffer[..<count])[...])
            if let result = try follow(step, connection) { return result }
        }
        return nil
    }
}
