import HTTP
import Posix

/// Calls to one member of a cluster, as one user, that end by one deadline or when they are cancelled.
struct UnaryCaller {
    let channel: Channel
    let token: String?
    let deadline: ContinuousClock.Instant
    /// Limits the first byte of each answer, while there are other members to try.
    let firstByteTimeout: Duration?

    /// A call that concerns a lease.
    func lease(
        _ call: EtcdAPI.LeaseCall, _ method: Channel.Method, _ message: [UInt8]
    ) throws(EtcdFailure) -> LeaseResponse {
        do throws(GRPCFailure) {
            let answer = try start(method, message).wait()
            return try Self.decode(answer) { buffer, range throws(ProtobufError) in try LeaseResponse(buffer, range) }
        } catch {
            throw EtcdFailure(channel.endpoint, .lease(call), .call(error))
        }
    }

    /// Without waiting for the answer.
    func start(_ method: Channel.Method, _ message: [UInt8]) -> Channel.Call {
        channel.start(method, message, token: token, deadline: deadline, firstByte: firstByteTimeout)
    }

    /// Passes the message of an answer to `body`; a message that `body` cannot read is malformed.
    static func decode<Result>(
        _ answer: (body: [UInt8], message: Range<Int>),
        _ body: (UnsafeRawBufferPointer, Range<Int>) throws(ProtobufError) -> Result
    ) throws(GRPCFailure) -> Result {
        do throws(ProtobufError) {
            return try answer.body.withUnsafeBufferPointer { bytes throws(ProtobufError) in
                try body(UnsafeRawBufferPointer(bytes), answer.message)
            }
        } catch { throw .malformed(error.text) }
    }
}

extension EtcdBackend {
    /// Calls `body` for one member after the other, until it does not throw.
    func calling<Result>(
        timeout: Duration, _ cancellation: Cancellation, _ body: (UnaryCaller) throws(EtcdFailure) -> Result
    ) throws(BackendError) -> Result {
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try members.first(until: deadline) { endpoint, isLast throws(EtcdFailure) in
            let channel = channel(to: endpoint, cancellation)
            return try withToken(channel, deadline) { token throws(EtcdFailure) in
                try body(
                    UnaryCaller(
                        channel: channel, token: token, deadline: deadline,
                        firstByteTimeout: isLast ? nil : Members.failoverTime))
            }
        }
    }
}
