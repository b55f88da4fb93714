import Appliers
import Configuration
import HTTP
import Posix
import Staging

/// Sends the requests that make services reload, or ask whether they work.
final class RequestSender: Sendable {
    private static let largestBody = 64 << 20

    private let client = Client()
    private let cancellation: Cancellation

    /// `cancellation` ends the requests that wait.
    init(_ cancellation: Cancellation) { self.cancellation = cancellation }

    /// Sends `request` with what `bodyFile` holds now, and waits for an answer of an expected status. Redirects are not
    /// followed: their status is one like any other.
    func send(_ request: ServiceRequest, bodyFile: String?, timeout: Duration) throws(ReloadError) {
        do throws(ReloadError.RequestError) {
            let token = try request.tokenFile.map { (path) throws(ReloadError.RequestError) in try Self.token(path) }
            let secrets = request.headers.map(\.value) + (token.map { [$0] } ?? [])
            // Kept open, because the path that is connected to may be that of our descriptor.
            let socket = try request.url.unixSocket.map { (path) throws(ReloadError.RequestError) in
                try Self.socket(path)
            }
            var wire = Request(url: request.url.text, method: request.wireMethod, version: .http1)
            wire.unixSocket = socket?.connectPath
            wire.headers = request.wireHeaders(token: token)
            if let bodyFile { wire.body = try Self.body(bodyFile) }
            wire.tls = request.certificates.options
            wire.timeout = timeout
            wire.connectTimeout = timeout
            wire.sharesConnection = false
            // With room for the longest secret, so that none is cut at the limit and quoted in part.
            wire.bodyLimit = Said.limit + secrets.reduce(0) { max($0, $1.utf8.count) }
            wire.stopsAtBodyLimit = true
            let response = try wait(for: wire)
            withExtendedLifetime(socket) {}
            if request.expectedStatus.contains(response.head.status) { return }
            throw .status(response.head.status, said: Said.text(response.body, hiding: secrets))
        } catch {
            throw .request(error, name: "\(request.method) \(request.url.name)")
        }
    }

    private func wait(for request: Request) throws(ReloadError.RequestError) -> Response {
        let answer = try Self.calling { () throws(SystemError) in try Answer() }
        let pending = client.start(request) { _ in answer.wakeUp.wake() }
        let ready = try Self.calling { () throws(SystemError) in
            try Poll.wait([answer.wakeUp.descriptor, cancellation.descriptor], timeout: nil)
        }
        if ready[1], !ready[0] { pending.cancel() }
        do throws(HTTPError) {
            return try pending.wait()
        } catch {
            throw error.kind == .cancelled ? .cancelled : .http(error, wasConnected: pending.isConnected)
        }
    }

    /// Wakes the waiting thread when the request has ended.
    private final class Answer: Sendable {
        let wakeUp: WakeUp

        init() throws(SystemError) { wakeUp = try WakeUp() }
    }

    // MARK: - Files

    private static func token(_ path: String) throws(ReloadError.RequestError) -> String {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.readSecret(path)
        } catch {
            throw .token(error)
        }
        guard BearerToken.isValid(bytes) else { throw .noToken(path: path) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func body(_ path: String) throws(ReloadError.RequestError) -> [UInt8] {
        let found: (bytes: [UInt8], status: FileStatus)?
        do throws(StagingError) {
            found = try Destination(resolving: path).content(limit: largestBody)
        } catch {
            throw .body(error)
        }
        guard let found else { throw .noBody(path: path) }
        return found.bytes
    }

    private static func socket(_ path: String) throws(ReloadError.RequestError) -> SocketFile {
        do throws(SocketFileError) {
            return try SocketFile(path)
        } catch {
            throw .socket(error, path: path)
        }
    }

    private static func calling<Result>(
        _ body: () throws(SystemError) -> Result
    ) throws(ReloadError.RequestError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw .system(error)
        }
    }
}

extension ServiceRequest {
    fileprivate var wireMethod: Request.Method {
        switch method {
        case "GET": .get
        case "HEAD": .head
        case "POST": .post
        case "PUT": .put
        case "PATCH": .patch
        case "DELETE": .delete
        default: .other(method)
        }
    }

    fileprivate func wireHeaders(token: String?) -> [HTTP.Header] {
        var headers = headers.map { HTTP.Header($0.name, $0.value) }
        // Without it libcurl would send that of an HTML form.
        if !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headers.append(HTTP.Header("Content-Type", ""))
        }
        if let token { headers.append(HTTP.Header("Authorization", "Bearer \(token)")) }
        return headers
    }
}

extension ServiceRequest.Certificates {
    fileprivate var options: TLSOptions {
        var options = TLSOptions()
        options.authorityFile = authorityFile
        options.certificateFile = certificateFile
        options.keyFile = keyFile
        return options
    }
}
