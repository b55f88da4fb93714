import CCurl
import Posix

/// libcurl's side of an exchange: an easy handle, its callbacks and what they received. Used only on the client's thread.
final class Transfer {
    let exchange: Exchange
    private let easy = EasyHandle()
    /// The deadline for the first byte of the answer; `nil` once it has come.
    private(set) var firstByteDeadline: ContinuousClock.Instant?
    /// Whether a kept connection may be used.
    private let isReusing: Bool
    private let connections: Connections
    /// Whether a TLS handshake is under way, as far as `connections` knows.
    private var isHandshaking = false
    private var isSendPaused = false
    private var isReceivePaused = false
    private var answer = Answer()

    /// The part of the answer received so far.
    private struct Answer {
        var status = 0
        var headers: [Header] = []
        var trailers: [Header] = []
        var headerBytes = 0
        var headIsComplete = false
        var body: [UInt8] = []
        /// The body reached `bodyLimit` and `stopsAtBodyLimit` is set; the rest was not read.
        var isCut = false
        /// Why we told libcurl to stop.
        var refusal: HTTPError?
    }

    /// Header lines and trailers together may not be longer than this.
    private static let headerLimit = 256 << 10

    init(_ exchange: Exchange, reusing: Bool, _ connections: Connections) {
        self.exchange = exchange
        isReusing = reusing
        self.connections = connections
        firstByteDeadline = exchange.firstByteDeadline
    }

    deinit { endHandshake() }

    var handle: UnsafeMutableRawPointer { easy.pointer }

    /// The transfer that a handle belongs to.
    static func of(_ handle: UnsafeMutableRawPointer?) -> Transfer? {
        var context: UnsafeMutableRawPointer?
        guard let handle, confd_curl_get_pointer(handle, CURLINFO_PRIVATE, &context) == CURLE_OK else { return nil }
        // The runner keeps the transfer for as long as its handle is in use.
        return context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Continues sending or receiving after it waited for the caller.
    func resume() {
        guard isSendPaused || isReceivePaused else { return }
        isSendPaused = false
        isReceivePaused = false
        curl_easy_pause(handle, CURLPAUSE_CONT)
    }
}

// Options.
extension Transfer {
    /// Sets all options; returns an error if libcurl refuses one.
    func prepare() -> HTTPError? {
        let request = exchange.request
        guard let lines = headerLines(request) else {
            return HTTPError(.invalidRequest, detail: "line break in a header")
        }
        setCommonOptions(request)
        easy.setURL(request.url)
        setVersion(request)
        setBody(request)
        setLimits(request)
        if request.url.hasPrefix("https:") { setTLS(request.tls) }
        easy.set(CURLOPT_HTTPHEADER, lines)
        if let address = request.connectTo { easy.set(CURLOPT_CONNECT_TO, ["::" + address]) }
        if let path = request.unixSocket { set(CURLOPT_UNIX_SOCKET_PATH, path) }
        return easy.optionError
    }

    private func setCommonOptions(_ request: Request) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        easy.setCommonOptions(connectTimeout: request.connectTimeout)
        set(CURLOPT_PRIVATE, context)
        // At the default of 16 KiB libcurl 7.88 stalls between HTTP/2 frames: 8.5 MB take 1.2 s instead of 0.1 s.
        set(CURLOPT_BUFFERSIZE, 64 << 10)
        // The runner keeps `connections` for longer than any handle.
        check(
            confd_curl_set_sockets(
                handle, openSocket, closeSocket, Unmanaged.passUnretained(connections).toOpaque()))
        check(confd_curl_set_callback(handle, CURLOPT_WRITEFUNCTION, receiveBody))
        set(CURLOPT_WRITEDATA, context)
        check(confd_curl_set_callback(handle, CURLOPT_HEADERFUNCTION, receiveHeader))
        set(CURLOPT_HEADERDATA, context)
        check(confd_curl_set_prerequisite(handle, checkCertificate, context))
    }

    /// libcurl before 8.0 fails with "Error in the HTTP2 framing layer" when prior knowledge meets a kept connection
    /// (curl issue 10634), but reuses it when HTTP/2 is merely allowed. If there is none left, that ends in HTTP/1.1,
    /// which `outcome` notices and the runner repeats on a new connection.
    private func setVersion(_ request: Request) {
        let isEncrypted = request.url.hasPrefix("https:")
        switch request.version {
        case .http1: set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        case .http2 where isEncrypted || isReusing: set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        case .http2: set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
        }
        set(CURLOPT_FRESH_CONNECT, isReusing ? 0 : 1)
        set(CURLOPT_FORBID_REUSE, exchange.mode == .stream || !request.sharesConnection ? 1 : 0)
        if request.isHandshakeOnly { easy.setConnectOnly() }
    }

    private func setBody(_ request: Request) {
        switch (exchange.mode, request.method) {
        case (.stream, _):
            set(CURLOPT_POST, 1)
            check(confd_curl_set_callback(handle, CURLOPT_READFUNCTION, sendBody))
            set(CURLOPT_READDATA, Unmanaged.passUnretained(self).toOpaque())
        case (.whole, .get):
            set(CURLOPT_HTTPGET, 1)
        case (.whole, .head):
            set(CURLOPT_NOBODY, 1)
        case (.whole, .other(let name)):
            set(CURLOPT_HTTPGET, 1)
            set(CURLOPT_CUSTOMREQUEST, name)
        case (.whole, .delete) where request.body.isEmpty:
            set(CURLOPT_HTTPGET, 1)
            set(CURLOPT_CUSTOMREQUEST, "DELETE")
        case (.whole, .post): setWholeBody(request, method: nil)
        case (.whole, .put): setWholeBody(request, method: "PUT")
        case (.whole, .patch): setWholeBody(request, method: "PATCH")
        case (.whole, .delete): setWholeBody(request, method: "DELETE")
        }
    }

    /// Sends the body as libcurl does for POST, under the name of `method` if one is given.
    private func setWholeBody(_ request: Request, method: String?) {
        set(CURLOPT_POST, 1)
        set(CURLOPT_POSTFIELDSIZE, request.body.count)
        request.body.withUnsafeBytes { bytes in
            check(confd_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress))
        }
        if let method { set(CURLOPT_CUSTOMREQUEST, method) }
    }

    private func setLimits(_ request: Request) {
        if let deadline = exchange.deadline {
            set(CURLOPT_TIMEOUT_MS, EasyHandle.limit(ContinuousClock.now.duration(to: deadline)))
        }
    }

    private func setTLS(_ options: TLSOptions) {
        isHandshaking = true
        connections.noteHandshake(begins: true)
        easy.setTLS(options)
    }

    private func headerLines(_ request: Request) -> [String]? {
        let lines = request.headers.map { "\($0.name): \($0.value)" }
        let hasBreak = lines.contains { $0.utf8.contains { $0 == 10 || $0 == 13 || $0 == 0 } }
        // An empty Expect stops libcurl from waiting for "100 Continue" before it sends a body.
        return hasBreak ? nil : lines + ["Expect:"]
    }

    private func set(_ option: CURLoption, _ value: Int) { easy.set(option, value) }

    private func set(_ option: CURLoption, _ value: String) { easy.set(option, value) }

    private func set(_ option: CURLoption, _ value: UnsafeRawPointer?) { easy.set(option, value) }

    private func check(_ code: CURLcode) { easy.check(code) }
}

// What libcurl calls.
extension Transfer {
    fileprivate func receive(header line: UnsafeRawBufferPointer) -> Bool {
        connections.notePiece()
        firstByteDeadline = nil
        answer.headerBytes += line.count
        guard answer.headerBytes <= Transfer.headerLimit else {
            return refuse(HTTPError(.malformed, detail: "headers longer than \(Transfer.headerLimit) bytes"))
        }
        var text = line[...]
        while let last = text.last, last == 10 || last == 13 || last == 32 { text.removeLast() }
        if text.starts(with: "HTTP/".utf8) && !answer.headIsComplete {
            // A status line; the one after an interim answer (1xx) starts over.
            answer.status =
                text.split(separator: 32).dropFirst().first.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
            answer.headers = []
        } else if text.isEmpty {
            guard answer.status >= 200, !answer.headIsComplete else { return true }
            answer.headIsComplete = true
            if exchange.mode == .stream {
                exchange.received(ResponseHead(status: answer.status, headers: answer.headers))
            }
        } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: text[..<colon], as: UTF8.self).lowercased()
            let value = String(decoding: text[(colon + 1)...].drop { $0 == 32 }, as: UTF8.self)
            if answer.headIsComplete {
                answer.trailers.append(Header(name, value))
            } else {
                answer.headers.append(Header(name, value))
            }
        }
        return true
    }

    /// The number of bytes taken, or libcurl's code for a pause.
    fileprivate func receive(body bytes: UnsafeRawBufferPointer) -> Int {
        connections.notePiece()
        guard exchange.mode == .whole else {
            if exchange.received(bytes) { return bytes.count }
            isReceivePaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        let request = exchange.request
        if answer.body.isEmpty, let size = request.announcedSize?(bytes) {
            guard size <= request.bodyLimit else {
                _ = refuse(HTTPError(.tooLarge(size)))
                return 0
            }
            answer.body.reserveCapacity(max(0, size))
        }
        if request.stopsAtBodyLimit, answer.body.count + bytes.count >= request.bodyLimit {
            answer.body.append(contentsOf: bytes.prefix(request.bodyLimit - answer.body.count))
            answer.isCut = true
            return 0
        }
        guard answer.body.count + bytes.count <= request.bodyLimit else {
            _ = refuse(HTTPError(.tooLarge(answer.body.count + bytes.count)))
            return 0
        }
        answer.body.append(contentsOf: bytes)
        return bytes.count
    }

    fileprivate func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        switch exchange.takeOutbound(into: buffer) {
        case .bytes(let count): return count
        case .end: return 0
        case .nothingYet:
            isSendPaused = true
            return Int(CURL_READFUNC_PAUSE)
        }
    }

    private func endHandshake() {
        guard isHandshaking else { return }
        isHandshaking = false
        connections.noteHandshake(begins: false)
    }

    private func refuse(_ error: HTTPError) -> Bool {
        answer.refusal = error
        return false
    }

    /// Whether the certificate of a new connection is good for us, asked before anything is sent.
    fileprivate func acceptsCertificate() -> Bool {
        endHandshake()
        exchange.noteConnected()
        let request = exchange.request
        guard request.tls.verifies, request.url.hasPrefix("https:") else { return true }
        if easy.certificateNamesHost { return true }
        // Other requests must not use the connection.
        set(CURLOPT_FORBID_REUSE, 1)
        return refuse(HTTPError(.certificate(.noAlternativeNames)))
    }
}

// Results.
extension Transfer {
    /// The outcome of the finished transfer.
    func outcome(_ code: CURLcode) -> Result<Response, HTTPError> {
        if let refusal = answer.refusal { return .failure(refusal) }
        guard code == CURLE_OK || isAnswered || answer.isCut else { return .failure(error(code)) }
        guard exchange.request.version == .http1 || info(CURLINFO_HTTP_VERSION) == Int(CURL_HTTP_VERSION_2_0) else {
            return .failure(HTTPError(.wrongVersion))
        }
        let head = ResponseHead(status: answer.status, headers: answer.headers)
        return .success(
            Response(
                head: head, trailers: answer.trailers, body: answer.body,
                isFirstOfConnection: info(CURLINFO_NUM_CONNECTS) > 0))
    }

    /// Whether the failure may come from a kept connection that the peer had closed, so that a new connection may succeed.
    func mayHaveMetStaleConnection(_ error: HTTPError) -> Bool {
        guard isReusing, exchange.request.repeatsOnNewConnection else { return false }
        switch error.kind {
        case .reset, .wrongVersion, .malformed, .other: return true
        default: return false
        }
    }

    /// Whether libcurl may buffer bytes of this transfer and not process them (see `Runner.endLateTransfers`).
    var mayHaveUnprocessedBytes: Bool { exchange.mode == .whole && exchange.request.version == .http2 }

    /// Whether the peer has ended a stream: libcurl 7.88 then waits for our side, which has nothing to send.
    var isAnswered: Bool { exchange.mode == .stream && !answer.trailers.isEmpty }

    /// The error when the first byte does not arrive in time.
    var firstByteFailure: HTTPError { HTTPError(isConnected ? .answerTimeout : .connectTimeout) }

    private func error(_ code: CURLcode) -> HTTPError { easy.error(code, isConnected: isConnected) }

    /// Whether the connection, TLS included, was established.
    private var isConnected: Bool {
        if info(CURLINFO_NUM_CONNECTS) == 0 && isReusing { return true }
        return easy.hasConnected(isEncrypted: exchange.request.url.hasPrefix("https:"))
    }

    private func info(_ which: CURLINFO) -> Int { easy.info(which) }
}

// libcurl hands back the context that prepare() set: the transfer, which the runner keeps while the handle is in use.
private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
        .receive(body: UnsafeRawBufferPointer(start: bytes, count: size * count))
}

private func receiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let isTaken = Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
        .receive(header: UnsafeRawBufferPointer(start: bytes, count: size * count))
    return isTaken ? size * count : 0
}

private func openSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    // libcurl always passes an address.
    Unmanaged<Connections>.fromOpaque(context!).takeUnretainedValue().open(address!)
}

private func closeSocket(_ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t) -> Int32 {
    Unmanaged<Connections>.fromOpaque(context!).takeUnretainedValue().close(socket)
}

private func checkCertificate(
    _ context: UnsafeMutableRawPointer?, _ remoteAddress: UnsafeMutablePointer<CChar>?,
    _ localAddress: UnsafeMutablePointer<CChar>?, _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
    let isAccepted = Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().acceptsCertificate()
    return isAccepted ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

private func sendBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
        .send(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
}
