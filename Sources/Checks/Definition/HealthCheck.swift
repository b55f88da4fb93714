import Posix

/// How a target is probed, complete and checked. It never changes; copies share their memory, so that equal checks of
/// thousands of targets cost no more than one.
package struct HealthCheck: Hashable, Sendable {
    /// What is asked, and what counts as healthy.
    package enum Kind: Hashable, Sendable {
        case http(HTTPCheck)
        case tcp(TCPCheck)
        case tls(TLSSettings)
        case grpc(GRPCCheck)
        case mysql(MySQLCheck)
        case ajp
        case fastcgi(FastCGICheck)
        case exec(ExecCheck)

        /// As in `type = "…"`.
        package var name: String {
            switch self {
            case .http: "http"
            case .tcp: "tcp"
            case .tls: "tls"
            case .grpc: "grpc"
            case .mysql: "mysql"
            case .ajp: "ajp"
            case .fastcgi: "fastcgi"
            case .exec: "exec"
            }
        }
    }

    /// When it is asked and what a verdict takes, the same for all kinds.
    package struct Options: Hashable, Sendable {
        /// From the start of a probe to the start of the next, 100 ms to a day.
        package var interval = Duration.seconds(5)
        /// From the start of a probe to its failure if there is no answer, 1 ms to an hour.
        package var timeout = Duration.seconds(2)
        /// How many successes in a row make a target that is down up, 1 to 1,000.
        package var rise = 2
        /// How many failures in a row make a target that is up down, 1 to 1,000.
        package var fall = 3
        /// Another port than the target's.
        package var port: UInt16?
        /// What counts while no probe has told.
        package var initial = Verdict.up
        /// Whether the first probe tells alone, or `rise` and `fall` count from the start.
        package var firstProbeDecides = true
        /// How long a target that was down must succeed without a failure, besides `rise`, until it is up again.
        package var slowStart = Duration.zero
        /// The most that a probe is late on purpose, at random; less than `interval`.
        package var jitter = Duration.zero
        /// Only these networks are reached, if there is one.
        package var allow: [AddressRange] = []

        package init() {}
    }

    private final class Storage: Sendable {
        let kind: Kind
        let options: Options

        init(_ kind: Kind, _ options: Options) {
            self.kind = kind
            self.options = options
        }
    }

    private let storage: Storage

    /// Throws if one of the options is out of its range.
    package init(_ kind: Kind, _ options: Options = Options()) throws(HealthCheckError) {
        guard options.interval >= .milliseconds(100), options.interval <= .seconds(86_400) else {
            throw .interval(options.interval)
        }
        guard options.timeout >= .milliseconds(1), options.timeout <= .seconds(3_600) else {
            throw .timeout(options.timeout)
        }
        guard (1...1_000).contains(options.rise) else { throw .rise(options.rise) }
        guard (1...1_000).contains(options.fall) else { throw .fall(options.fall) }
        guard options.port != 0 else { throw .port }
        guard options.jitter >= .zero, options.jitter < options.interval else { throw .jitter(options.jitter) }
        if options.slowStart < .zero { throw .slowStart(options.slowStart) }
        storage = Storage(kind, options)
    }

    /// Advice for the author of the check; nil if there is none.
    package var advice: String? {
        guard case .mysql(let check) = kind, check.user == nil else { return nil }
        return
            "without a user each probe is an aborted connection to the server, which may refuse this machine in the end"
    }

    package var kind: Kind { storage.kind }
    package var options: Options { storage.options }

    package static func == (left: HealthCheck, right: HealthCheck) -> Bool {
        left.storage === right.storage || (left.kind == right.kind && left.options == right.options)
    }

    /// Not all of it: what tells most checks apart.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(kind.name)
        hasher.combine(options.interval)
        hasher.combine(options.port)
    }
}

/// A target and how it is probed: resources with the same target and check share one probe.
package struct CheckedTarget: Hashable, Sendable, CustomStringConvertible {
    package let target: CheckTarget
    package let check: HealthCheck

    package init(_ target: CheckTarget, _ check: HealthCheck) {
        self.target = target
        self.check = check
    }

    /// Where probes go: the target, with the check's port if it has one.
    package var destination: CheckTarget {
        guard let port = check.options.port, case .host(let host, _) = target else { return target }
        return .host(host, port: port)
    }

    /// How failures name the check: `http`, or `http on port 9999` where that is not the target's own port.
    var probeName: String {
        guard destination != target, let port = check.options.port else { return check.kind.name }
        return "\(check.kind.name) on port \(port)"
    }

    /// The target.
    package var description: String { target.description }
}
