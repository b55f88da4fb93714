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
    /// What was set, for errors.
    private var url = ""
    private var tls = TLSOptions()

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

    func setURL(_ url: String) {
        self.url = url
        set(CURLOPT_URL, url)
    }

    func setTLS(_ options: TLSOptions) {
        tls = options
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
    var certificateNamesHost: Bool { alternativeNames.map { !$0.isEmpty } ?? true }

    /// The hosts and addresses among the alternative names of a new connection's certificate; nil if there is no certificate.
    private var alternativeNames: [String]? {
        var pointer: UnsafeMutableRawPointer?
        // A kept connection reports none: it was checked when it was made.
        guard confd_curl_get_pointer(self.pointer, CURLINFO_CERTINFO, &pointer) == CURLE_OK, let pointer else {
            return nil
        }
        let chain = pointer.assumingMemoryBound(to: curl_certinfo.self).pointee
        guard chain.num_of_certs > 0, let certificates = chain.certinfo else { return nil }
        var line = certificates[0]
        var names: [String] = []
        while let entry = line {
            names += Self.hosts(String(cString: entry.pointee.data))
            line = entry.pointee.next
        }
        return names
    }

    /// The hosts and addresses in a line of libcurl's certificate information, if it is that of the alternative names:
    /// `X509v3 Subject Alternative Name:DNS:localhost, IP Address:127.0.0.1`.
    private static func hosts(_ line: String) -> [String] {
        guard line.hasPrefix("X509v3 Subject Alternative Name:") else { return [] }
        let names = line.split(separator: ":", maxSplits: 1).last?.split(separator: ",") ?? []
        return names.compactMap { name in
            let name = name.drop { $0 == " " }
            guard let kind = ["DNS:", "IP Address:"].first(where: { name.hasPrefix($0) }) else { return nil }
            return String(name.dropFirst(kind.count))
        }
    }

    /// The error that `code` stands for; `isConnected` says whether the connection was made.
    func error(_ code: CURLcode, isConnected: Bool) -> HTTPError {
        let systemError = Int32(truncatingIfNeeded: info(CURLINFO_OS_ERRNO))
        let kind = kind(code, systemError, isConnected)
        if case .file(let file) = kind, let problem = problem(of: file) {
            return HTTPError(kind, code: Int(code.rawValue), systemError: problem.systemError, detail: problem.detail)
        }
        return HTTPError(
            kind, code: Int(code.rawValue), systemError: systemError,
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

    /// What is wrong with one of our own files, where libcurl says no more than that it cannot be used; nil if that is not seen.
    private func problem(of file: HTTPError.TLSFile) -> (systemError: Int32, detail: String)? {
        let paths = file == .authority ? [tls.authorityFile] : [tls.certificateFile, tls.keyFile]
        for path in paths.compactMap({ $0 }) {
            do throws(SystemError) {
                let content = try Files.read(path)
                if file == .authority, !Self.hasCertificate(content) {
                    return (0, "\(path): there is no certificate in it")
                }
            } catch {
                return (error.code, error.message)
            }
        }
        return nil
    }

    private static func hasCertificate(_ content: [UInt8]) -> Bool {
        content.split(separator: UInt8(ascii: "\n")).contains { line in
            ["", "TRUSTED ", "X509 "].contains { line.starts(with: "-----BEGIN \($0)CERTIFICATE-----".utf8) }
        }
    }

    /// The host of the URL, without its port.
    private var host: String {
        let rest = url.schemeAndRest?.rest ?? url[...]
        // What stands before `@` is a user, perhaps with a password.
        let address = rest.prefix { $0 != "/" && $0 != "?" }.split(separator: "@").last.map(String.init) ?? ""
        return HostPort(address)?.host ?? address
    }

    /// libcurl takes the common name where there are no alternative names, and finds that it is another.
    private var nameProblem: HTTPError.CertificateProblem {
        let names = alternativeNames ?? []
        return names.isEmpty ? .noAlternativeNames : .wrongName(host: host, names: names)
    }

    /// OpenSSL's `X509_V_ERR_…`; libcurl compares host names itself, and leaves the code unchanged then.
    private var certificateProblem: HTTPError.CertificateProblem {
        switch info(CURLINFO_SSL_VERIFYRESULT) {
        case 0, 1, 62, 64: nameProblem
        case 9: .notYetValid
        case 10: .expired
        case 18: .selfSigned
        case 2, 19, 20, 21: .unknownAuthority(file: tls.authorityFile)
        case let code: .other(code)
        }
    }
}
