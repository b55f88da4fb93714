import HTTP
import Primitives

/// The status of a finished call, from its trailers; an answer without a body carries it in its headers.
struct GRPCStatus: Equatable, Sendable {
    let code: Int
    let message: String

    static let ok = 0
    static let deadlineExceeded = 4
    static let permissionDenied = 7
    static let unimplemented = 12
    static let unavailable = 14

    init(code: Int, message: String) {
        self.code = code
        self.message = message
    }

    /// `nil` if there is none.
    init?(trailers: [Header], head: ResponseHead) {
        let headers = trailers.first(named: "grpc-status") == nil ? head.headers : trailers
        guard let text = headers.first(named: "grpc-status") else { return nil }
        // 2 is UNKNOWN, which gRPC prescribes for a code that is no number.
        code = Int(text) ?? 2
        message = GRPCStatus.decode(headers.first(named: "grpc-message") ?? "")
    }

    /// Percent-decodes `text`; what is not an escape stays as it is. Control characters become spaces and the length is
    /// limited, because the text ends up in log lines.
    static func decode(_ text: String) -> String {
        let bytes = Array(text.utf8.prefix(4096))
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = Hexadecimal.value(of: bytes[index + 1]), let low = Hexadecimal.value(of: bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded.prefix(500).map { $0 < 32 || $0 == 127 ? 32 : $0 }, as: UTF8.self)
    }
}

/// Why a gRPC call failed.
enum GRPCFailure: Error, Equatable, Sendable {
    case transport(HTTPError)
    /// An HTTP answer that is not gRPC's, by its status.
    case notGRPC(status: Int)
    case status(GRPCStatus)
    case malformed(String)
}
