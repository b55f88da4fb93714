/// Why a request failed, as data: no header, token or body is ever part of it.
package struct HTTPError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// The host name has no address.
        case resolve
        case refused
        /// No route to the host or network.
        case unreachable
        /// The connection broke: reset, or closed in the middle of an answer.
        case reset
        /// No connection (TLS included) within the limit.
        case connectTimeout
        /// Connected, but no complete answer within the limit.
        case answerTimeout
        case certificate(CertificateProblem)
        /// TLS could not be agreed on; a peer that does not speak TLS ends here too.
        case handshake
        /// One of our own PEM files cannot be used.
        case file(TLSFile)
        /// The peer speaks HTTP, but not the version that was asked for.
        case wrongVersion
        /// The answer is not valid HTTP.
        case malformed
        /// The body is larger than the limit: the bytes it announced, or those that had come.
        case tooLarge(Int)
        case cancelled
        /// The request itself is impossible, for example a line break in a header.
        case invalidRequest
        case other
    }

    /// What is wrong with the server's certificate.
    package enum CertificateProblem: Equatable, Sendable {
        case expired, notYetValid, selfSigned
        /// None of the authorities in `file`, or of the system's without one, has signed it.
        case unknownAuthority(file: String?)
        /// `host` was asked for; `names` are some of those that it is for.
        case wrongName(host: String, names: [String])
        /// It names its host in the common name alone.
        case noAlternativeNames
        /// OpenSSL's verification code (`X509_V_ERR_…`).
        case other(Int)
    }

    package enum TLSFile: Equatable, Sendable {
        case authority, certificateOrKey
    }

    package let kind: Kind
    /// libcurl's code, 0 if the failure is not libcurl's.
    package let code: Int
    /// errno of the system call that failed, 0 if there was none.
    package let systemError: Int32
    /// libcurl's own words, possibly empty.
    package let detail: String

    package init(_ kind: Kind, code: Int = 0, systemError: Int32 = 0, detail: String = "") {
        self.kind = kind
        self.code = code
        self.systemError = systemError
        self.detail = detail
    }

    /// One line, lower case, without the address.
    package var message: String {
        switch kind {
        case .resolve: "host name not found"
        case .refused: "connection refused"
        case .unreachable: "no route to host"
        case .reset: "connection broken" + parenthesized
        case .connectTimeout: "no connection within the time limit"
        case .answerTimeout: "no answer within the time limit"
        case .certificate(let problem): "server certificate not accepted: " + problem.message
        case .handshake: "TLS handshake failed" + parenthesized
        case .file(.authority): "CA file cannot be used" + parenthesized
        case .file(.certificateOrKey): "client certificate or key cannot be used" + parenthesized
        case .wrongVersion: "the server does not speak HTTP/2"
        case .malformed: "not a valid HTTP answer" + parenthesized
        case .tooLarge(let size): "answer too large: \(size) bytes"
        case .cancelled: "cancelled"
        case .invalidRequest: "request cannot be sent" + parenthesized
        case .other: detail.isEmpty ? "libcurl error \(code)" : detail
        }
    }

    private var parenthesized: String { detail.isEmpty ? "" : " (\(detail))" }
}

extension HTTPError.CertificateProblem {
    fileprivate var message: String {
        switch self {
        case .expired: "it has expired"
        case .notYetValid: "it is not valid yet"
        case .unknownAuthority(let file):
            "signed by an unknown authority" + (file.map { ", \($0) did not sign it" } ?? "")
        case .selfSigned: "self-signed"
        case .wrongName(let host, let names):
            "it is for another host name: \(host) was asked for, and it names \(Self.listed(names))"
        case .noAlternativeNames: "it has no subject alternative names"
        case .other(let code): "verification error \(code)"
        }
    }

    /// The first names: a certificate may have thousands, and long ones.
    private static func listed(_ names: [String]) -> String {
        names.prefix(5).map { String($0.prefix(100)) }.joined(separator: ", ") + (names.count > 5 ? " and others" : "")
    }
}
