import HTTP
import Posix

/// Sends requests to one administration API, one at a time.
final class HTTPCaller {
    private let endpoint: HTTPEndpoint
    let subject: String
    private let client = Client()
    /// The socket that was found last, kept open so that connections to it can be used again.
    private var socket: SocketFile?

    /// The largest answer.
    static let answerLimit = 8 << 20
    /// The longest token, in bytes.
    private static let tokenLimit = 8 << 10

    init(_ endpoint: HTTPEndpoint, subject: String) {
        self.endpoint = endpoint
        self.subject = subject
    }

    /// Sends a request and returns the answer, if its status is among `expected`; redirects are not followed. `path` is
    /// put behind the endpoint's own. A body is JSON.
    func call(
        _ method: Request.Method, _ path: String, body: [UInt8] = [], headers: [Header] = [],
        expecting expected: [ClosedRange<Int>] = [200...299], _ patience: Patience
    ) throws(ApplierError) -> Response {
        var request = Request(url: endpoint.base + path, method: method, version: .http1)
        request.unixSocket = try socketPath()
        let credentials = endpoint.headers + (try tokenHeader())
        request.headers = credentials + headers
        if !body.isEmpty { request.headers.append(Header("Content-Type", "application/json")) }
        request.body = body
        request.tls = endpoint.tls
        request.timeout = patience.limit
        request.connectTimeout = patience.limit
        request.bodyLimit = Self.answerLimit
        // A change that arrived, and whose answer did not, must not be made twice.
        request.repeatsOnNewConnection = method == .get
        let response = try send(request, "\(method.name) \(path)", patience)
        guard expected.contains(where: { $0.contains(response.head.status) }) else {
            throw error(
                .status(
                    "\(method.name) \(path)", response.head.status,
                    said: Said.text(response.body, hiding: Self.secrets(of: credentials)))
            )
        }
        return response
    }

    /// The answer to a GET, decoded, and its version if it names one.
    func read(_ path: String, _ patience: Patience) throws(ApplierError) -> (value: JSONValue, tag: String?) {
        let response = try call(.get, path, patience)
        do throws(JSONTreeError) {
            // Some servers send it as a trailer.
            let tag = (response.head.headers + response.trailers).first(named: "etag")
            return (try JSONValue(parsing: response.body), tag)
        } catch {
            throw self.error(.malformed("GET \(path)", error.message))
        }
    }

    func error(_ kind: ApplierError.Kind) -> ApplierError { ApplierError(kind, subject) }

    private func send(_ request: Request, _ name: String, _ patience: Patience) throws(ApplierError) -> Response {
        do throws(HTTPError) {
            return try client.start(request).wait(patience.cancellation)
        } catch {
            switch error.kind {
            case .cancelled: throw self.error(.cancelled)
            case .tooLarge: throw self.error(.tooLarge(limit: Self.answerLimit))
            case .answerTimeout: throw self.error(.timeout(name))
            default: throw self.error(.http(error))
            }
        }
    }

    /// What to connect to, if the endpoint is a socket. It is looked for each time, as it may have been replaced.
    private func socketPath() throws(ApplierError) -> String? {
        guard let path = endpoint.unixSocket else { return nil }
        do throws(SocketFileError) {
            let found = try SocketFile(path)
            if let socket, socket.identity == found.identity { return socket.connectPath }
            socket = found
            return found.connectPath
        } catch {
            throw self.error(error.kind)
        }
    }

    /// The header of the token that the endpoint's file holds now.
    private func tokenHeader() throws(ApplierError) -> [Header] {
        guard let path = endpoint.tokenFile else { return [] }
        var bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(path, limit: Self.tokenLimit)
        } catch {
            throw self.error(.unreadableToken(error))
        }
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw self.error(.notAToken(path))
        }
        return [Header("Authorization", "Bearer \(String(decoding: bytes, as: UTF8.self))")]
    }

    /// The values of `headers`, and what follows the name of a scheme such as `Bearer`.
    private static func secrets(of headers: [Header]) -> [String] {
        headers.flatMap { header in
            [header.value] + header.value.split(separator: " ").dropFirst().map(String.init)
        }
    }
}

extension Request.Method {
    /// As it is sent.
    var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .other(let name): name
        }
    }
}

extension ServerWord.Value {
    /// As JSON. The text of a number was read from JSON, so it is one.
    var json: JSONValue {
        switch self {
        case .flag(let isSet): .bool(isSet)
        case .number(let text): .number(text: text, value: Double(text) ?? 0)
        case .text(let text): .string(text)
        }
    }
}
