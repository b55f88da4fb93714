import CCurl
import Posix

/// A connection to a server that speaks any protocol; libcurl makes it, with TLS where it is asked for. Used on one thread
/// at a time; dropping it closes it.
package final class Connection {
    /// The other end.
    package struct Target: Equatable, Sendable {
        /// `http://HOST:PORT`, or `https://HOST:PORT` for TLS.
        package var url: String
        /// The path of a Unix socket to connect to instead.
        package var unixSocket: String?
        package var tls = TLSOptions()

        package init(url: String) { self.url = url }

        fileprivate var isEncrypted: Bool { url.hasPrefix("https:") }
    }

    private let easy = EasyHandle()
    private let multi: UnsafeMutableRawPointer
    private let target: Target
    private let cancellation: Cancellation?
    private var socket: curl_socket_t = -1
    /// Whether the certificate has no name that we accept.
    private var isNameless = false
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    /// Connects within `time`, TLS included. From `cancellation` on every wait ends with the error `cancelled`.
    package init(to target: Target, within time: Duration, cancellation: Cancellation?) throws(HTTPError) {
        curlIsInitialized
        guard let multi = curl_multi_init() else { preconditionFailure("out of memory") }
        self.multi = multi
        self.target = target
        self.cancellation = cancellation
        try prepare(time)
        curl_multi_add_handle(multi, easy.pointer)
        let code = try connect()
        if isNameless { throw HTTPError(.certificate(.noAlternativeNames)) }
        guard code == CURLE_OK, confd_curl_get_socket(easy.pointer, &socket) == CURLE_OK, socket >= 0 else {
            throw easy.error(code, isConnected: false)
        }
    }

    deinit {
        curl_multi_remove_handle(multi, easy.pointer)
        curl_multi_cleanup(multi)
        buffer.deallocate()
    }

    private func prepare(_ time: Duration) throws(HTTPError) {
        easy.setCommonOptions(connectTimeout: time)
        easy.setConnectOnly()
        easy.setURL(target.url)
        if let path = target.unixSocket { easy.set(CURLOPT_UNIX_SOCKET_PATH, path) }
        if target.isEncrypted { easy.setTLS(target.tls) }
        easy.check(confd_curl_set_sockets(easy.pointer, openSocket, closeSocket, nil))
        let context = Unmanaged.passUnretained(self).toOpaque()
        easy.check(confd_curl_set_prerequisite(easy.pointer, checkCertificate, context))
        if let error = easy.optionError { throw error }
    }

    /// libcurl's verdict on the connection; it keeps the limit of time.
    private func connect() throws(HTTPError) -> CURLcode {
        while true {
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            if let message = curl_multi_info_read(multi, &count) { return confd_curl_message_result(message) }
            if cancellation?.isCancelled == true { throw HTTPError(.cancelled) }
            var other = curl_waitfd(fd: cancellation?.descriptor ?? -1, events: Int16(CURL_WAIT_POLLIN), revents: 0)
            curl_multi_poll(multi, &other, cancellation == nil ? 0 : 1, 1_000, &count)
        }
    }

    fileprivate func acceptsCertificate() -> Bool {
        guard target.tls.verifies, target.isEncrypted else { return true }
        isNameless = !easy.certificateNamesHost
        return !isNameless
    }

    /// Sends all of `bytes`.
    package func send(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws(HTTPError) {
        var done = 0
        while done < bytes.count {
            var count = 0
            let code = bytes.withUnsafeBytes {
                curl_easy_send(easy.pointer, $0.baseAddress! + done, bytes.count - done, &count)
            }
            switch code {
            case CURLE_OK: done += count
            case CURLE_AGAIN: try wait(for: .writing(socket), until: deadline)
            default: throw easy.error(code, isConnected: true)
            }
        }
    }

    /// Appends what comes to `bytes`, at least one byte and at most 64 KiB; returns false if nothing has come until
    /// `deadline`. The end of the connection is the error `reset`.
    package func receive(
        into bytes: inout [UInt8], until deadline: ContinuousClock.Instant
    ) throws(HTTPError) -> Bool {
        while true {
            var count = 0
            let code = curl_easy_recv(easy.pointer, buffer.baseAddress, buffer.count, &count)
            switch code {
            case CURLE_OK where count > 0:
                bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return true
            case CURLE_OK: throw HTTPError(.reset, detail: "closed by the server")
            case CURLE_AGAIN:
                do { try wait(for: .reading(socket), until: deadline) } catch {
                    if error.kind == .answerTimeout { return false }
                    throw error
                }
            default: throw easy.error(code, isConnected: true)
            }
        }
    }

    private func wait(for interest: Poll.Interest, until deadline: ContinuousClock.Instant) throws(HTTPError) {
        let left = ContinuousClock.now.duration(to: deadline)
        if left <= .zero { throw HTTPError(.answerTimeout) }
        let ready: [Bool]
        do throws(SystemError) {
            ready = try Poll.wait(for: [interest, .reading(cancellation?.descriptor ?? -1)], timeout: left)
        } catch {
            throw HTTPError(.other, systemError: error.code, detail: error.message)
        }
        if ready[1] || cancellation?.isCancelled == true { throw HTTPError(.cancelled) }
        if !ready[0] { throw HTTPError(.answerTimeout) }
    }
}

private func openSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    // libcurl always passes an address.
    confd_socket_open(address!)
}

private func closeSocket(_ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t) -> Int32 {
    confd_socket_close(socket)
}

private func checkCertificate(
    _ context: UnsafeMutableRawPointer?, _ remoteAddress: UnsafeMutablePointer<CChar>?,
    _ localAddress: UnsafeMutablePointer<CChar>?, _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
    // The connection, which waits for libcurl meanwhile.
    let isAccepted = Unmanaged<Connection>.fromOpaque(context!).takeUnretainedValue().acceptsCertificate()
    return isAccepted ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}
