import Diagnostics
import Posix

/// A field of a check that cannot be what it says.
package enum HealthCheckError: Error, Equatable, Sendable {
    case interval(Duration)
    case timeout(Duration)
    case rise(Int)
    case fall(Int)
    case port
    case jitter(Duration)
    case slowStart(Duration)
    case method(String)
    case path(String)
    case host(String)
    case header(String)
    case tooManyHeaders(Int)
    case serverName(String)
    case certificateWithoutKey
    case user(String)
    case command

    /// The field that it is about.
    package var field: String {
        switch self {
        case .interval: "interval"
        case .timeout: "timeout"
        case .rise: "rise"
        case .fall: "fall"
        case .port: "port"
        case .jitter: "jitter"
        case .slowStart: "slow_start"
        case .method: "method"
        case .path: "path"
        case .host: "host"
        case .header, .tooManyHeaders: "headers"
        case .serverName: "server_name"
        case .certificateWithoutKey: "client_cert"
        case .user: "user"
        case .command: "command"
        }
    }

    /// One phrase, without the field.
    package var message: String {
        switch self {
        case .interval(let time): "not from 100ms to 24h: \(time.goText)"
        case .timeout(let time): "not from 1ms to 1h: \(time.goText)"
        case .rise(let count), .fall(let count): "not from 1 to 1000: \(count)"
        case .port: "not from 1 to 65535: 0"
        case .jitter(let time): "not from 0s to less than the interval: \(time.goText)"
        case .slowStart(let time): "not a time from 0s on: \(time.goText)"
        case .method(let text): "not one of GET, HEAD, OPTIONS and POST: \"\(PrintableText.line(text))\""
        case .path(let text): "not a path from / on without spaces: \"\(PrintableText.line(text))\""
        case .host(let text), .serverName(let text): "not a host name or address: \"\(PrintableText.line(text))\""
        case .header(let name): "not a header that can be sent: \"\(PrintableText.line(name))\""
        case .tooManyHeaders(let count): "more than 64: \(count)"
        case .certificateWithoutKey: "client_cert and client_key go together"
        case .user(let text): "not a user name of 1 to 80 bytes: \"\(PrintableText.line(text))\""
        case .command: "no program, or a word with a byte 0"
        }
    }
}

extension Duration {
    /// As Go writes whole milliseconds: `2s`, `1.5s`, `500ms`; whole seconds also above a minute.
    package var goText: String {
        let milliseconds = self.milliseconds()
        guard milliseconds.magnitude >= 1_000 else { return "\(milliseconds)ms" }
        let (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1_000)
        guard rest != 0 else { return "\(whole)s" }
        let digits = String(rest.magnitude)
        var fraction = String(repeating: "0", count: 3 - digits.count) + digits
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(whole).\(fraction)s"
    }
}
