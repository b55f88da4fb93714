import HTTP
import Posix

/// Makes the probe of a target, once it is known where to connect to.
struct ProbeFactory {
    private static let bodyLimit = 64 << 10

    let context: ProbeContext

    /// The probe; a result where there can be none.
    func probe(_ target: CheckedTarget, _ endpoints: [Endpoint], serial: UInt64) -> Result<any RunningProbe, Refusal> {
        let authority = Self.authority(target.destination)
        switch target.check.kind {
        case .http(let check) where check.tls == nil:
            return .success(talk(HTTPConversation(check, authority: authority), endpoints, serial))
        case .tcp(let check): return .success(talk(TCPConversation(check), endpoints, serial))
        case .mysql(let check): return .success(talk(MySQLConversation(check), endpoints, serial))
        case .ajp: return .success(talk(AJPConversation(), endpoints, serial))
        case .fastcgi(let check): return .success(talk(FastCGIConversation(check), endpoints, serial))
        case .exec(let check):
            return .success(ExecProbe(check.words(for: target.destination), token: serial, context))
        case .http, .grpc, .tls:
            guard case .host(let host, _) = target.destination, let ask = Self.ask(target.check.kind, host, authority)
            else { return .failure(Refusal(.needsHost)) }
            return .success(
                ClientProbe(
                    ask.limited(to: target.check.options.timeout), timeout: target.check.options.timeout, endpoints,
                    serial: serial, context, judge: ask.judge))
        }
    }

    /// Why a target cannot be probed.
    struct Refusal: Error {
        let obstacle: ProbeObstacle

        init(_ obstacle: ProbeObstacle) { self.obstacle = obstacle }
    }

    private func talk(_ conversation: any Conversation, _ endpoints: [Endpoint], _ serial: UInt64) -> SocketProbe {
        SocketProbe(conversation, endpoints, token: serial, context)
    }

    /// The target as the header `Host` has it.
    private static func authority(_ target: CheckTarget) -> String {
        switch target {
        case .host: target.description
        case .path: "localhost"
        }
    }

    /// What the HTTP client is asked, and what the answer says.
    private struct Ask {
        var request: Request
        let judge: @Sendable (Response) -> ProbeResult

        /// The engine ends what takes longer than `timeout`; libcurl's own limit is behind that.
        func limited(to timeout: Duration) -> Request {
            var request = request
            request.connectTimeout = timeout + .seconds(1)
            request.sharesConnection = false
            return request
        }
    }

    private static func ask(_ kind: HealthCheck.Kind, _ host: String, _ authority: String) -> Ask? {
        switch kind {
        case .http(let check): ask(check, host, authority)
        case .grpc(let check): ask(check, host, authority)
        case .tls(let settings): ask(settings, host)
        case .tcp, .mysql, .ajp, .fastcgi, .exec: nil
        }
    }

    private static func ask(_ check: HTTPCheck, _ host: String, _ authority: String) -> Ask {
        var request = Request(
            url: "https://\(name(check.tls, check.host, host))\(check.path)", method: method(check.method),
            version: .http1)
        let given = Set(check.headers.map { $0.name.lowercased() })
        let ours = [Header("Host", check.host ?? authority), Header("User-Agent", "confd"), Header("Accept", "*/*")]
        request.headers =
            ours.filter { !given.contains($0.name.lowercased()) } + check.headers.map { Header($0.name, $0.value) }
        if let tls = check.tls { request.tls = options(tls) }
        request.bodyLimit = check.expectedBody == nil ? 1 : bodyLimit
        request.stopsAtBodyLimit = true
        return Ask(request: request) { response in
            let status = response.head.status
            guard check.expectedStatus.contains(status) else { return .failure(.status(status)) }
            var search = PatternSearch(check.expectedBody ?? [])
            search.take(response.body[...])
            return search.isFound ? .success : .failure(.unexpected)
        }
    }

    private static func ask(_ check: GRPCCheck, _ host: String, _ authority: String) -> Ask {
        let scheme = check.tls == nil ? "http" : "https"
        var request = Request(
            url: "\(scheme)://\(name(check.tls, check.host, host))\(GRPCAnswer.path)", method: .post, version: .http2)
        request.headers = [
            Header("Host", check.host ?? authority), Header("Content-Type", "application/grpc"),
            Header("TE", "trailers"), Header("User-Agent", "confd"),
        ]
        request.body = GRPCAnswer.request
        if let tls = check.tls { request.tls = options(tls) }
        request.bodyLimit = bodyLimit
        return Ask(request: request) { GRPCAnswer.judge($0) }
    }

    private static func ask(_ settings: TLSSettings, _ host: String) -> Ask {
        var request = Request(url: "https://\(name(settings, nil, host))/", method: .get, version: .http1)
        request.tls = options(settings)
        request.isHandshakeOnly = true
        return Ask(request: request) { _ in .success }
    }

    private static func method(_ name: String) -> Request.Method {
        switch name {
        case "GET": .get
        case "HEAD": .head
        case "POST": .post
        default: .other(name)
        }
    }

    /// The host of the URL, for which the certificate must be.
    private static func name(_ tls: TLSSettings?, _ host: String?, _ target: String) -> String {
        if let name = tls?.serverName { return HostPort.bracketed(name) }
        // Of the header's host, without the port.
        if let host, let parsed = try? CheckTarget(parsing: host, defaultPort: 443), case .host(let name, _) = parsed {
            return HostPort.bracketed(name)
        }
        return HostPort.bracketed(target)
    }

    private static func options(_ settings: TLSSettings) -> TLSOptions {
        var options = TLSOptions()
        options.authorityFile = settings.authorityFile
        options.certificateFile = settings.certificateFile
        options.keyFile = settings.keyFile
        options.verifies = !settings.isInsecure
        options.cachesAuthorities = true
        return options
    }
}
