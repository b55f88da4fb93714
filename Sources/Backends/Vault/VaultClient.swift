import HTTP
import JSON
import KeyValue
import Posix
import Synchronization

/// Calls to vault, with a token that is kept alive.
final class VaultClient: Sendable {
    /// A token, and when it has to be renewed.
    private struct Token {
        let text: String
        var isRenewable: Bool
        /// How long it lasted when it was issued; nil for ever.
        let lifetime: Duration?
        /// Nil if it lasts for ever.
        var renewal: ContinuousClock.Instant?
    }

    private let options: VaultOptions
    private let client = Client()
    private let token = Mutex<Token?>(nil)

    init(_ options: VaultOptions) { self.options = options }

    /// The answer to a read of `path`, nil if nothing is there; with `lists` the names below it. Logs in where that is needed.
    func get(
        _ path: [UInt8], lists: Bool = false, _ call: VaultFailure.Call, _ limits: HTTPLimits
    ) throws(VaultFailure) -> JSONAnswer? {
        let token = try usableToken(limits)
        let target = Self.target(path) + (lists ? "?list=true" : "")
        do throws(VaultFailure) {
            return try send(.get, target, [], token: token.text, call, limits)
        } catch {
            // The token may have ended, or a policy does not allow this: only the token itself tells.
            guard error.refusal?.isForbidden == true, try !isAlive(token.text, limits) else { throw error }
            self.token.withLock { $0 = nil }
            return try send(.get, target, [], token: try usableToken(limits).text, call, limits)
        }
    }

    /// When the token has to be renewed; nil if never, or if there is none.
    var renewal: ContinuousClock.Instant? { token.withLock { $0?.renewal } }

    /// Renews the token, or logs in anew, if it is time.
    func keepAlive(_ limits: HTTPLimits) throws(VaultFailure) { _ = try usableToken(limits) }

    private func usableToken(_ limits: HTTPLimits) throws(VaultFailure) -> Token {
        if let token = token.withLock({ $0 }) {
            guard let renewal = token.renewal, ContinuousClock.now >= renewal else { return token }
            if let renewed = try renewed(token, limits) { return keep(renewed) }
        }
        return keep(try logIn(limits))
    }

    private func keep(_ token: Token) -> Token {
        self.token.withLock { $0 = token }
        return token
    }

    private func isAlive(_ token: String, _ limits: HTTPLimits) throws(VaultFailure) -> Bool {
        do throws(VaultFailure) {
            return try send(.get, "auth/token/lookup-self", [], token: token, .renew, limits) != nil
        } catch {
            if error.refusal?.isForbidden == true { return false }
            throw error
        }
    }

    /// Nil if it cannot be renewed, and so a new one is needed.
    private func renewed(_ token: Token, _ limits: HTTPLimits) throws(VaultFailure) -> Token? {
        guard token.isRenewable else { return nil }
        do throws(VaultFailure) {
            let path = "auth/token/renew-self"
            guard let answer = try send(.post, path, Array("{}".utf8), token: token.text, .renew, limits),
                let seconds = answer.number("lease_duration", of: answer.member("auth", of: 0)), seconds > 0
            else { return nil }
            let time = Duration.seconds(seconds)
            // Close to its maximum TTL, log in anew; a token from the options cannot be replaced, and is used until it expires.
            if options.login.type != .token, let lifetime = token.lifetime, time < lifetime / 4 { return nil }
            var token = token
            token.renewal = .now.advanced(by: max(time / 2, .seconds(1)))
            return token
        } catch {
            if error.refusal != nil { return nil }
            throw error
        }
    }

    private func logIn(_ limits: HTTPLimits) throws(VaultFailure) -> Token {
        let login = options.login
        let members: [(name: String, value: [UInt8])]
        do throws(BackendError) { members = try login.members() } catch {
            throw VaultFailure(limits.node, .logIn, .secret(error))
        }
        if login.type == .token { return try given(members[0].value, limits) }
        var body = JSONWriter()
        body.beginObject()
        for member in members { body.member(member.name, member.value) }
        body.endObject()
        let user = login.type == .userpass ? "/\(login.username)" : ""
        let path = "auth/\(login.path)/login\(user)"
        let answer = try send(.post, path, body.finish(), token: nil, .logIn, limits)
        guard let answer, let auth = answer.member("auth", of: 0), let text = answer.text("client_token", of: auth)
        else {
            throw VaultFailure(limits.node, .logIn, .answer(.malformed))
        }
        let time = answer.number("lease_duration", of: auth) ?? 0
        return try token(Array(text.utf8), time, answer.flag("renewable", of: auth), limits)
    }

    /// A token that was issued elsewhere.
    private func given(_ bytes: [UInt8], _ limits: HTTPLimits) throws(VaultFailure) -> Token {
        let text = try token(bytes, 0, false, limits).text
        guard let answer = try send(.get, "auth/token/lookup-self", [], token: text, .logIn, limits) else {
            throw VaultFailure(limits.node, .logIn, .answer(.malformed))
        }
        let data = answer.member("data", of: 0)
        return try token(bytes, answer.number("ttl", of: data) ?? 0, answer.flag("renewable", of: data), limits)
    }

    private func token(
        _ bytes: [UInt8], _ seconds: Int64, _ isRenewable: Bool, _ limits: HTTPLimits
    ) throws(VaultFailure) -> Token {
        guard BearerToken.isValid(bytes) else { throw VaultFailure(limits.node, .logIn, .answer(.malformed)) }
        let lifetime: Duration? = seconds > 0 ? .seconds(seconds) : nil
        // After half of its time: the other half is left for attempts while servers are away.
        let renewal = lifetime.map { ContinuousClock.now.advanced(by: $0 / 2) }
        return Token(
            text: String(decoding: bytes, as: UTF8.self), isRenewable: isRenewable, lifetime: lifetime,
            // A token of the options that cannot be renewed is used until it expires.
            renewal: options.login.type == .token && !isRenewable ? nil : renewal)
    }
}

// Requests.
extension VaultClient {
    /// `path` below `/v1/`, as it stands in a URL.
    private static func target(_ path: [UInt8]) -> String {
        percentEncoded(path.drop { $0 == UInt8(ascii: "/") })
    }

    /// nil if the answer is that there is nothing.
    private func send(
        _ method: Request.Method, _ path: String, _ body: [UInt8], token: String?, _ call: VaultFailure.Call,
        _ limits: HTTPLimits
    ) throws(VaultFailure) -> JSONAnswer? {
        var request = Request(url: "\(limits.node.url)/v1/\(path)", method: method, version: .http1)
        request.headers = [Header("x-vault-request", "true")]
        if let token { request.headers.append(Header("x-vault-token", token)) }
        if !options.namespace.isEmpty { request.headers.append(Header("x-vault-namespace", options.namespace)) }
        request.body = body
        request.tls = options.tls
        request.connectTimeout = options.dialTimeout
        request.timeout = limits.timeout
        request.bodyLimit = options.answerLimit
        let response: Response
        do throws(HTTPError) { response = try client.start(request).wait(limits.cancellation) } catch {
            throw VaultFailure(
                limits.node, call, error.isEnd(of: limits.deadline) ? .timeIsOver : .transport(error))
        }
        let answer = JSONAnswer(response.body)
        switch response.head.status {
        case 200:
            guard let answer else { throw VaultFailure(limits.node, call, .answer(.malformed)) }
            return answer
        case 204: return nil
        // Vault's 404 of a path without a value has one of these members; that of a proxy or another server has neither.
        case 404 where answer?.member("errors", of: 0) != nil || answer?.member("data", of: 0) != nil: return nil
        default:
            let refusal = HTTPRefusal(status: response.head.status, words: answer?.errors ?? "")
            throw VaultFailure(limits.node, call, .answer(.refused(refusal)))
        }
    }
}
