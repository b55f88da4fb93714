import HTTP
import JSON
import KeyValue
import Posix

/// Calls to consul.
final class ConsulClient: Sendable {
    let options: ConsulOptions
    let client = Client()
    private let warnings: Warnings

    init(_ options: ConsulOptions) {
        self.options = options
        warnings = Warnings(options.warn)
    }

    /// The keys of `ranges`, which `directories` cover, at one moment: those of one directory are in one answer, those of several
    /// in that of a transaction that only reads.
    func snapshot(
        of ranges: [KeyRange], in directories: [[UInt8]], _ limits: HTTPLimits
    ) throws(ConsulFailure) -> Snapshot {
        let call = ConsulFailure.Call.read(directories)
        let isList = directories.count == 1
        var request = try request(
            isList ? Self.target(directories[0]) + "?recurse" : "txn", call, at: limits.node)
        if !isList {
            request.method = .put
            request.body = Self.transaction(directories)
        }
        request.timeout = limits.timeout
        let response = try response(
            Result { () throws(HTTPError) in try client.start(request).wait(limits.cancellation) }, to: request.headers,
            call, limits.node,
            until: limits.deadline)
        do throws(ConsulEntries.Malformed) {
            // With an index, 404 means that there is no such key.
            if response.head.status == 404 { return Snapshot([]) }
            let entries =
                isList ? try ConsulEntries(list: response.body) : try ConsulEntries(transaction: response.body)
            return try entries.snapshot(of: KeyRangeSet(ranges))
        } catch {
            throw ConsulFailure(limits.node, call, .answer(.malformed(error.reason)))
        }
    }

    /// Consul leaves out what the token may not read, and says so since version 1.11, though not of transactions.
    private func warnAboutHiddenKeys(_ response: Response, _ call: ConsulFailure.Call) {
        guard response.head.headers.first(named: "x-consul-results-filtered-by-acls") == "true" else { return }
        warnings.issue(
            "consul: the token may not read all keys that begin with \"\(call.prefix)\": the others are as if absent")
    }

    /// The path of `directory` in the API: consul's keys have no slash at the beginning.
    private static func target(_ directory: [UInt8]) -> String { "kv/" + percentEncoded(directory.dropFirst()) }

    private static func transaction(_ directories: [[UInt8]]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginArray()
        for directory in directories {
            writer.beginObject()
            writer.beginMember("KV")
            writer.beginObject()
            writer.member("Verb", Array("get-tree".utf8))
            writer.member("Key", Array(directory.dropFirst()))
            writer.endObject()
            writer.endObject()
        }
        writer.endArray()
        return writer.finish()
    }

    /// A blocking query for a change in `directory` since `index`; with 0, a query for the index now. It lists names alone, and
    /// none below the next slash, to keep the answer small.
    func question(
        _ directory: [UInt8], since index: UInt64, at node: HTTPNode, timeout: Duration
    ) throws(ConsulFailure) -> Request {
        let wait = "&index=\(index)&wait=\(options.longestWait.components.seconds)s"
        var request = try request(
            Self.target(directory) + "?keys&separator=/" + (index == 0 ? "" : wait), .watch(directory), at: node)
        // Consul waits up to a sixteenth longer.
        request.timeout = timeout + (index == 0 ? .zero : options.longestWait * 17 / 16)
        return request
    }

    /// The index of an answer, raised to 1 as consul's documentation asks for: a query with the index 0 would not block.
    func index(of response: Response, _ call: ConsulFailure.Call, _ node: HTTPNode) throws(ConsulFailure) -> UInt64 {
        guard let index = response.index else {
            throw ConsulFailure(node, call, .answer(.malformed("no X-Consul-Index")))
        }
        return max(1, index)
    }
}

// Requests.
extension ConsulClient {
    private func request(
        _ target: String, _ call: ConsulFailure.Call, at node: HTTPNode
    ) throws(ConsulFailure) -> Request {
        var request = Request(url: "\(node.url)/v1/\(target)", method: .get, version: .http1)
        do throws(BackendError) {
            if let token = try options.token?() {
                guard BearerToken.isValid(token) else { throw ConsulAPI.notAToken }
                request.headers.append(Header("x-consul-token", String(decoding: token, as: UTF8.self)))
            }
            if let user = options.user {
                request.headers.append(.basicAuthorization(user.name, try user.password()))
            }
        } catch {
            throw ConsulFailure(node, call, .secret(error))
        }
        request.tls = options.tls
        request.connectTimeout = options.dialTimeout
        request.bodyLimit = options.answerLimit
        return request
    }

    /// The answer, unless it is an error. A 404 with an index is none: it says that there is no key.
    func response(
        _ result: Result<Response, HTTPError>, to headers: [Header], _ call: ConsulFailure.Call, _ node: HTTPNode,
        until deadline: ContinuousClock.Instant?
    ) throws(ConsulFailure) -> Response {
        switch result {
        case .success(let response)
        where response.head.status == 200 || response.head.status == 404 && response.index != nil:
            warnAboutHiddenKeys(response, call)
            return response
        case .success(let response):
            throw ConsulFailure(node, call, .answer(.refused(HTTPRefusal(response, to: headers))))
        case .failure(let error):
            let isOver = deadline.map { error.isEnd(of: $0) } ?? false
            throw ConsulFailure(node, call, isOver ? .timeIsOver : .transport(error))
        }
    }
}

extension Response {
    /// Consul's index of what was asked for; nil if there is none.
    fileprivate var index: UInt64? { head.headers.first(named: "x-consul-index").flatMap { UInt64($0) } }
}

extension HTTPRefusal {
    /// The refusal in an error response. Consul's errors are lines of text: HTML is left out, for it is of another server, and
    /// so is text that repeats one of the `headers` of the request, which may be a secret.
    fileprivate init(_ response: Response, to headers: [Header]) {
        let line = response.body.prefix { $0 >= 0x20 }
        let text = String(decoding: line, as: UTF8.self)
        let isWords = line.first != UInt8(ascii: "<") && !headers.contains { text.contains(text: $0.value) }
        self.init(status: response.head.status, words: isWords ? printable(Array(line)) : "")
    }
}
