import Diagnostics

extension ApplierError {
    /// Lower case, the subject first. What was said is as it was: the logger escapes what is not printable.
    package var message: String { "\(subject): \(reason)" }

    /// As errors are shown, with a hint where there is one.
    package var report: ErrorReport { ErrorReport(message, hint: hint) }

    private var reason: String {
        switch kind {
        case .system(let error): error.reason
        case .untrustedPath(let path, let owner): "\(path) leads where user \(owner) wants it to"
        case .notASocket: "not a socket"
        case .http(let error): error.message
        case .unreadableToken(let error): "token_file: \(error.message)"
        case .notAToken(let path): "token_file: \(path) does not hold a token"
        case .timeout(let request): "no answer in time: \(request)"
        case .ended(let request): "the connection ended: \(request)"
        case .cancelled: "cancelled"
        case .tooLarge(let limit): "an answer of more than \(limit) bytes"
        case .malformed(let request, let why): "an answer that is none: \(request): \(why)"
        case .oldVersion(let version): "version \(version) is too old: servers can be added from 2.6 on"
        case .level(let level): "the socket allows level \(level) only"
        case .unknownBackend: "no such backend"
        case .refused(let request, let said), .permissionDenied(let request, let said): "\(request): \(said)"
        case .fixedAtStart(let request, let said): "\(request): fixed since its start: \(said)"
        case .status(let request, let status, let said):
            "\(request): status \(status)" + (said.isEmpty ? "" : ": \(said)")
        case .unsupported(let server, let why): "server \(server): \(why)"
        case .unchanged: "said to be changed, but it is as before"
        }
    }

    private var hint: String? {
        switch kind {
        case .level: "write \"level admin\" behind \"stats socket\" in haproxy.cfg"
        case .unknownBackend(let suggestion): suggestion.map { "did you mean \"\($0)\"?" }
        case .status(_, 405, _): "NGINX Plus needs \"api write=on\" to be changed"
        case .untrustedPath: "a socket below a user's directory must be that user's, root's or ours"
        case .fixedAtStart, .unsupported: "with fallback = true it is left to reload_cmd"
        case .notAToken: "a token is one line of printable ASCII characters without spaces"
        case .system, .notASocket, .http, .unreadableToken, .timeout, .ended, .cancelled, .tooLarge, .malformed,
            .oldVersion, .refused,
            .permissionDenied, .status, .unchanged:
            nil
        }
    }
}

/// What a balancer said, as part of an error.
package enum Said {
    /// The longest part that is kept, in bytes.
    package static let limit = 4 << 10

    /// The beginning of `bytes` without the space around it, and without `secrets`.
    package static func text(_ bytes: some Collection<UInt8>, hiding secrets: [String] = []) -> String {
        // More than what is kept, so that no secret is cut in two and kept by half.
        let longest = secrets.reduce(0) { max($0, $1.utf8.count) }
        var text = String(decoding: bytes.prefix(limit + longest), as: UTF8.self)
        // A longer one first: a shorter one may be a part of it.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) where !secret.isEmpty {
            text = replace(secret, in: text)
        }
        // What is in place of a secret is shorter, so that a part of one may have come among what is kept.
        if bytes.count >= limit + longest { text = withoutCut(secrets, text) }
        var kept = String(decoding: text.utf8.prefix(limit), as: UTF8.self)[...]
        while let last = kept.last, last.isWhitespace { kept.removeLast() }
        return String(kept.drop { $0.isWhitespace })
    }

    /// `text` without an end that a secret begins with.
    private static func withoutCut(_ secrets: [String], _ text: String) -> String {
        let bytes = Array(text.utf8)
        let cut = secrets.map { secret in
            let secret = Array(secret.utf8)
            return (0..<min(secret.count, bytes.count)).last { bytes.suffix($0).elementsEqual(secret.prefix($0)) } ?? 0
        }
        return String(decoding: bytes.dropLast(cut.max() ?? 0), as: UTF8.self)
    }

    private static func replace(_ secret: String, in text: String) -> String {
        let wanted = Array(secret.utf8)
        let bytes = Array(text.utf8)
        var kept: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: wanted) {
                kept += "***".utf8
                index += wanted.count
            } else {
                kept.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: kept, as: UTF8.self)
    }
}
