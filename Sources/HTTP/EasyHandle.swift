import CCurl
import Posix

/// One of libcurl's easy handles, with what transfers and connections have in common: options, TLS, errors. Used on one
/// thread.
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    /// The first option that libcurl refused.
    private var optionFailure: CURLcode?
    /// libcurl writes its error message here.
    private let errorText: UnsafeMutablePointer<CChar>
    /// libcurl does not copy lists.
    private var lists: [UnsafeMutablePointer<curl_slist>?] = []

    init() {
        guard let pointer = curl_easy_init() else { preconditionFailure("out of memory") }
        self.pointer = pointer
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(pointer)
        for list in lists { curl_slist_free_all(list) }
        errorText.deallocate()
    }
}

// Options.
extension EasyHandle {
    func set(_ option: CURLoption, _ value: Int) { check(confd_curl_set_long(pointer, option, value)) }

    func set(_ option: CURLoption, _ value: String) { check(confd_curl_set_string(pointer, option, value)) }

    func set(_ option: CURLoption, _ value: UnsafeRawPointer?) {
        check(confd_curl_set_pointer(pointer, option, value))
    }

    func set(_ option: CURLoption, _ lines: [String]) {
        let list: UnsafeMutablePointer<curl_slist>? = lines.reduce(nil) { curl_slist_append($0, $1) }
        lists.append(list)
        set(option, UnsafeRawPointer(list))
    }

    func check(_ code: CURLcode) {
        if code != CURLE_OK && optionFailure == nil { optionFailure = code }
    }

    /// The error if libcurl refused an option.
    var optionError: HTTPError? {
        optionFailure.map {
            HTTPError(.invalidRequest, code: Int($0.rawValue), detail: String(cString: curl_easy_strerror($0)))
        }
    }

    /// What every handle needs. Connecting may take `connectTimeout`.
    func setCommonOptions(connectTimeout: Duration) {
        set(CURLOPT_ERRORBUFFER, errorText)
        set(CURLOPT_NOSIGNAL, 1)
        // The peers' gRPC clients do not use proxies either; an empty string also ignores the environment's.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, EasyHandle.limit(connectTimeout))
    }

    /// Has the handle make a connection and send nothing over it: the server may speak any protocol.
    func setConnectOnly() {
        set(CURLOPT_CONNECT_ONLY, 1)
        set(CURLOPT_SSL_ENABLE_ALPN, 0)
    }

    func setTLS(_ options: TLSOptions) {
        set(CURLOPT_SSL_VERIFYPEER, options.verifies ? 1 : 0)
        set(CURLOPT_SSL_VERIFYHOST, options.verifies ? 2 : 0)
        // A resumed session would keep the identity of certificate files that were replaced since.
        set(CURLOPT_SSL_SESSIONID_CACHE, 0)
        set(CURLOPT_CERTINFO, options.verifies ? 1 : 0)
        if let file = options.authorityFile ?? confd_curl_system_authorities().map({ String(cString: $0) }) {
            set(CURLOPT_CAINFO, file)
            set(CURLOPT_CAPATH, nil as UnsafeRawPointer?)
            set(CURLOPT_CA_CACHE_TIMEOUT, options.cachesAuthorities ? 60 : 0)
        }
        if let file = options.certificateFile { set(CURLOPT_SSLCERT, file) }
        if let file = options.keyFile { set(CURLOPT_SSLKEY, file) }
    }

    /// `time` for libcurl, in whole milliseconds; 0 would be no limit.
    static func limit(_ time: Duration) -> Int { max(1, Int(time.milliseconds(roundedUp: true))) }
}

// Results.
extension EasyHandle {
    func info(_ which: CURLINFO) -> Int {
        var value = 0
        return confd_curl_get_long(pointer, which, &value) == CURLE_OK ? value : 0
    }

    /// Whether a connection was made, TLS included if it `isEncrypted`.
    func hasConnected(isEncrypted: Bool) -> Bool {
        var time: curl_off_t = 0
        let timer = isEncrypted ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T
        return confd_curl_get_offset(pointer, timer, &time) == CURLE_OK && time > 0
    }

    /// Whether the certificate of a new connection has an alternative name; to be asked before anything is sent. libcurl
    /// would accept the common name too, which is deprecated since RFC 2818 and ignored by Go's clients since 1.15.
    var certificateNamesHost: Bool {
        var pointer: UnsafeMutableRawPointer?
        // A kept connection reports none: it was checked when it was made.
        guard confd_curl_get_pointer(self.pointer, CURLINFO_CERTINFO, &pointer) == CURLE_OK, let pointer else {
            return true
        }
        let chain = pointer.assumingMemoryBound(to: curl_certinfo.self).pointee
        guard chain.num_of_certs > 0, let certificates = chain.certinfo else { return true }
        var line = certificates[0]
        while let entry = line {
            if Self.namesHost(String(cString: entry.pointee.data)) { return true }
            line = entry.pointee.next
        }
        return false
    }

    /// Whether a line of libcurl's certificate information lists alternative names with a host or address:
    /// `X509v3 Subject Alternative Name:DNS:localhost, IP Address:127.0.0.1`.
    private static func namesHost(_ line: String) -> Bool {
        guard line.hasPrefix("X509v3 Subject Alternative Name:") else { return false }
        return line.split(separator: ":", maxSplits: 1).last?.split(separator: ",").contains { name in
            let name = name.drop { $0 == " " }
            return name.hasPrefix("DNS:") || name.hasPrefix("IP Address:")
        } ?? false
    }

    /// The error that `code` stands for; `isConnected` says whether the connection was made.
    func error(_ code: CURLcode, isConnected: Bool) -> HTTPError {
        let systemError = Int32(truncatingIfNeeded: info(CURLINFO_OS_ERRNO))
        return HTTPError(
            kind(code, systemError, isConnected), code: Int(code.rawValue), systemError: systemError,
            detail: String(cString: errorText))
    }

    private func kind(_ code: CURLcode, _ systemError: Int32, _ isConnected: Bool) -> HTTPError.Kind {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .resolve
        case CURLE_COULDNT_CONNECT:
            switch systemError {
            case ENETUNREACH, EHOSTUNREACH: return .unreachable
            case ECONNRESET: return .reset
            case ETIMEDOUT: return .connectTimeout
            case ECONNREFUSED: return .refused
            default: return .other
            }
        case CURLE_OPERATION_TIMEDOUT: return isConnected ? .answerTimeout : .connectTimeout
        case CURLE_PEER_FAILED_VERIFICATION: return .certificate(certificateProblem)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR: return .handshake
        case CURLE_SSL_CERTPROBLEM: return .file(.certificateOrKey)
        case CURLE_SSL_CACERT_BADFILE: return .file(.authority)
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_HTTP2_STREAM:
            return .reset
        // HTTP/2 code also gives this for a write to a connection that was reset.
        case CURLE_HTTP2 where systemError == ECONNRESET || systemError == EPIPE: return .reset
        case CURLE_HTTP2, CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: return .malformed
        case CURLE_URL_MALFORMAT: return .invalidRequest
        default: return .other
        }
    }

    /// OpenSSL's `X509_V_ERR_…`; libcurl compares host names itself, and leaves the code unchanged then.
    private var certificateProblem: HTTPError.CertificateProblem {
        switch info(CURLINFO_SSL_VERIFYRESULT) {
        case 0, 1, 62, 64: .wrongName
        case 9: .notYetValid
        case 10: .expired
        case 18: .selfSigned
        case 2, 19, 20, 21: .unknownAuthority
        case let code: .other(code)
        }
    }
}
