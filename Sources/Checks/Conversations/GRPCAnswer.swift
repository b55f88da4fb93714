import HTTP

/// The answer of `grpc.health.v1.Health/Check`.
enum GRPCAnswer {
    /// The request, a message without fields: the health of the server as a whole.
    static let request: [UInt8] = [0, 0, 0, 0, 0]
    static let path = "/grpc.health.v1.Health/Check"

    private static let serving: UInt64 = 1

    /// Healthy is a server that says SERVING.
    static func judge(_ response: Response) -> ProbeResult {
        guard response.head.status == 200 else { return .failure(.status(response.head.status)) }
        // An answer without a message has the status among its headers.
        let headers = response.trailers + response.head.headers
        guard let status = headers.first(named: "grpc-status") else {
            return .failure(.malformed("the answer has no gRPC status"))
        }
        guard status == "0" else {
            let words = headers.first(named: "grpc-message").map { ": " + $0 } ?? ""
            return .failure(.refused("gRPC status " + PeerText.line(Array("\(status)\(words)".utf8))))
        }
        guard let state = state(response.body) else { return .failure(.malformed("the answer is no gRPC message")) }
        return state == serving ? .success : .failure(.refused(name(state)))
    }

    /// Field 1 of the message, 0 if it is not there; nil if it is no message.
    ///
    /// frame = compressed (1 byte) length (4 bytes) message
    private static func state(_ body: [UInt8]) -> UInt64? {
        guard body.count >= 5, body[0] == 0 else { return nil }
        let length = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard body.count == 5 + length else { return nil }
        var message = body[5...]
        var state: UInt64 = 0
        while !message.isEmpty {
            guard let tag = varint(&message) else { return nil }
            // Wire types of Protocol Buffers: varint, eight bytes, a length and as many bytes, four bytes.
            switch tag & 7 {
            case 0:
                guard let value = varint(&message) else { return nil }
                if tag >> 3 == 1 { state = value }
            case 1: message = message.dropFirst(8)
            case 2:
                guard let length = varint(&message), length <= message.count else { return nil }
                message = message.dropFirst(Int(length))
            case 5: message = message.dropFirst(4)
            default: return nil
            }
        }
        return state
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    private static func name(_ state: UInt64) -> String {
        switch state {
        case 0: "UNKNOWN"
        case 2: "NOT_SERVING"
        case 3: "SERVICE_UNKNOWN"
        default: "serving status \(state)"
        }
    }
}
