import Checks
import Posix
import Rendering
import TextTemplate

/// An error of the command line of `confd register`; `part` is the option or argument at fault, nil if it is none of them.
private func refusal(_ part: String?, _ kind: ResourceError.Kind) -> ResourceError {
    ResourceError("confd register", nil, kind, field: part)
}

extension ServiceDefinition {
    /// What `confd register` keeps in the store. Throws what is wrong with the command line.
    package init(_ registration: RegisterArguments, backend: BackendConfiguration) throws(ResourceError) {
        func template(_ index: Int) throws(ResourceError) -> FieldTemplate {
            let name = index == 0 ? "KEY" : "VALUE"
            do throws(TemplateError) {
                return try FieldTemplate(registration.words[index], field: name, functions: .withoutKeys)
            } catch {
                throw refusal(
                    "\(name):\(error.line):\(error.column)",
                    ServiceTemplate.problem(error, of: registration.words[index], name))
            }
        }
        if !backend.kind.takesRegistrations {
            throw refusal(nil, .cannotRegister(backend: backend.name, isOfCommandLine: true))
        }
        if registration.ttl < .seconds(1) { throw refusal("-ttl", .ttlTooShort(registration.ttl)) }
        guard registration.words[0].hasPrefix("/") else {
            throw refusal("KEY", .notAKey(registration.words[0]))
        }
        var checks: [ServiceCheck] = []
        for url in registration.checks { checks.append(try ServiceCheck(url: url, registration)) }
        self.init(
            name: "register", file: "confd register", key: try template(0), value: try template(1),
            ttl: registration.ttl, drain: registration.drain, onFall: .delete, onStop: .delete,
            onConflict: registration.onConflict, checks: checks, backend: backend)
    }
}

extension ServiceCheck {
    /// `http://[HOST]:PORT[/PATH]`, or the same with `https`, `tcp`, `tls` or `grpc`; without a host, this machine.
    init(url: String, _ registration: RegisterArguments) throws(ResourceError) {
        guard let (scheme, rest) = url.schemeAndRest else { throw refusal("-check", .notCheckURL(url)) }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = String(rest[..<slash])
        do {
            let kind = try Self.kind(String(scheme), path: String(rest[slash...]), url)
            target = try CheckTarget(parsing: authority.hasPrefix(":") ? "127.0.0.1\(authority)" : authority)
            var options = HealthCheck.Options()
            options.interval = registration.interval
            options.timeout = registration.timeout ?? min(options.timeout, registration.interval)
            options.rise = registration.rise
            options.fall = registration.fall
            options.initial = .down
            options.firstProbeDecides = false
            if options.interval < options.timeout {
                throw refusal("-check-interval", .intervalBelowTimeout(options.interval, timeout: options.timeout))
            }
            check = try HealthCheck(kind, options)
        } catch let error as ResourceError {
            throw error
        } catch let error as CheckTargetError {
            throw refusal("-check", .checkURL(error, meant: error.isPortAlone ? "\(scheme)://:\(rest)" : nil))
        } catch let error as HealthCheckError {
            throw refusal(error.option, .check(error))
        } catch {
            preconditionFailure("the three errors above are all that can be thrown")
        }
    }

    private static func kind(_ scheme: String, path: String, _ url: String) throws -> HealthCheck.Kind {
        switch scheme {
        case "http": .http(try HTTPCheck(path: path.isEmpty ? "/" : path))
        case "https": .http(try HTTPCheck(path: path.isEmpty ? "/" : path, tls: try TLSSettings()))
        case "grpc": .grpc(try GRPCCheck())
        case "tls" where path.isEmpty: .tls(try TLSSettings())
        case "tcp" where path.isEmpty: .tcp(TCPCheck())
        default: throw refusal("-check", .notCheckURL(url))
        }
    }
}

extension HealthCheckError {
    /// The option of `confd register` that it is about.
    fileprivate var option: String {
        switch self {
        case .interval: "-check-interval"
        case .timeout: "-check-timeout"
        case .rise: "-rise"
        case .fall: "-fall"
        default: "-check"
        }
    }
}
