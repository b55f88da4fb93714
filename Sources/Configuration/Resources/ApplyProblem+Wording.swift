import Appliers

extension ApplyProblem {
    /// Without field and location.
    var message: String {
        switch self {
        case .noPlace(let needed): "\(needed) is required"
        case .twoPlaces: "exactly one of socket and url is to be set"
        case .otherPlace(let driver, let needed): "the \(driver) driver needs \(needed) in place of this"
        case .notSocketPath(let text): "\"\(text)\" is not the path of a socket"
        case .endpoint(let problem): Self.text(problem)
        case .notBackend(let text): "\"\(text)\" cannot be the name of a backend"
        case .backendAndHandler: "exactly one of backend and handler is to be set"
        case .notHandler(let text): "\"\(text)\" is not the path of a handler"
        case .notVersion(let number): "\(number) is not a version from 6 to 9"
        case .taken(let subject, let owner): "\(subject) is already applied by \(owner)"

        case .notHeader(let name): "\"\(name)\" cannot be sent as a header"
        case .needsHTTPS: "has no effect without a url of https"
        case .notPointer(let text): "\"\(text)\" is not a JSON pointer"
        case .matchNeedsOne: "exactly one of id and address is to be set"
        case .notMethod(let text): "\"\(text)\" is not a method"
        case .notPath: "not a path: it begins with / and is printable ASCII without spaces"
        case .request(let problem): Self.text(problem)
        case .requests(let problem): Self.text(problem)

        case .shorterThan(let least): "shorter than \(GoDuration.text(least))"
        case .notMinUp(let number): "\(number) is not from 0 to \(DesiredServers.serverLimit)"
        case .fallbackWithoutReload: "needs reload_cmd or [template.reload]"
        case .reloadWithoutFallback: "has no effect beside [template.apply]"
        case .noRollback: "is not possible with [template.apply]"
        }
    }

    var hint: String? {
        switch self {
        case .noPlace("socket"), .otherPlace(_, "socket"): "for example socket = \"/run/haproxy/admin.sock\""
        case .noPlace, .otherPlace: "for example url = \"http://127.0.0.1:8080/api\" or \"unix:/run/api.sock:/api\""
        case .notSocketPath: "an absolute path of at most 107 bytes"
        case .endpoint(.credentials): "write user and password into headers, or a token into token_file"
        case .endpoint(.noSocketPath): "write \"unix:/SOCKET:/PATH\""
        case .endpoint: "write http://HOST:PORT/PATH, https://HOST:PORT/PATH or unix:/SOCKET:/PATH"
        case .backendAndHandler: "backend is the handler's \"@id\", handler its path in the configuration"
        case .notHandler: "for example apps/http/servers/main/routes/0/handle/0"
        case .taken: "two resources would take each other's servers out"
        case .notPointer: "for example \"/servers\", or \"\" for the whole answer"
        case .request(let problem): Self.hint(problem)
        case .requests(.drainIsNeverSent): "put {{.drain}} into change"
        case .requests(.fieldInList): "the list is asked for once, without a server"
        case .requests(.handleInAdd): "a server has no handle before it is added"
        case .requests(.fieldInRemove): "of a server that is removed only what the list says is known"
        case .fallbackWithoutReload: "what the driver cannot change live is left to that"
        case .reloadWithoutFallback: "fallback = true runs it for what the driver cannot change live"
        case .twoPlaces, .notBackend, .notVersion, .notHeader, .needsHTTPS, .matchNeedsOne, .notMethod, .notPath,
            .shorterThan, .notMinUp, .noRollback:
            nil
        }
    }

    private static func text(_ problem: HTTPEndpoint.Problem) -> String {
        switch problem {
        case .scheme: "neither http://, https:// nor unix:/"
        case .credentials: "a user or password in a url would be seen in logs"
        case .query: "a url with ? or #, behind which no path can be put"
        case .character: "a character that no url has"
        case .noHost: "no host"
        case .noSocketPath: "no path of a socket"
        }
    }

    private static func text(_ problem: RequestTemplate.Problem) -> String {
        switch problem.kind {
        case .unclosed: "\"{{\" without \"}}\", at byte \(problem.offset + 1)"
        case .unknownField(let name): "\"{{\(name)}}\" is not a field, at byte \(problem.offset + 1)"
        }
    }

    private static func hint(_ problem: RequestTemplate.Problem) -> String {
        "fields are " + RequestTemplate.Field.allCases.map { "{{.\($0.rawValue)}}" }.joined(separator: ", ")
    }

    private static func text(_ problem: GenericHTTPTarget.Problem) -> String {
        switch problem {
        case .fieldInList(let field): "{{.\(field.rawValue)}} in list"
        case .handleInAdd: "{{.handle}} in add"
        case .fieldInRemove(let field): "{{.\(field.rawValue)}} in remove"
        case .drainIsNeverSent: "match has drain, and change does not send it"
        }
    }
}
