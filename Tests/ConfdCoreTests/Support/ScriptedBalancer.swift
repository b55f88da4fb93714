import Appliers
import Posix
import Synchronization

/// A balancer that keeps its servers in memory, and fails or is slow as the test sets it with `change`.
final class ScriptedBalancer: Sendable {
    struct State {
        var servers: [String] = []
        /// What reading fails with.
        var readError: ApplierError?
        /// How long reading takes.
        var readTime = Duration.zero
        /// What each change fails with.
        var changeError: ApplierError?
        var reads = 0
        var drivers = 0
    }

    private let state = Mutex(State())

    /// Its servers, by id, sorted.
    var servers: [String] { state.withLock { $0.servers.sorted() } }
    var reads: Int { state.withLock { $0.reads } }
    /// How many drivers were made for it.
    var drivers: Int { state.withLock { $0.drivers } }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    func makeDriver() -> any BalancerDriver {
        state.withLock { $0.drivers += 1 }
        return Driver(balancer: self)
    }

    private struct Driver: BalancerDriver {
        let balancer: ScriptedBalancer
        let traits = BalancerTraits(
            identity: .id, live: [.weight, .state], parks: false, drains: true, drainsLeaving: false)
        let subject = "scripted"

        func check(_ servers: [DesiredServer]) throws(ApplierError) {}

        mutating func read(_ patience: Patience) throws(ApplierError) -> [RunningServer] {
            let (servers, error, time) = balancer.state.withLock { state in
                state.reads += 1
                return (state.servers, state.readError, state.readTime)
            }
            if time > .zero { Clock.sleep(time) }
            if let error { throw error }
            return servers.map { RunningServer(key: $0, handle: $0) }
        }

        mutating func perform(_ steps: [Step], _ patience: Patience) throws(ApplierError) -> StepReport {
            balancer.state.withLock { state in
                var report = StepReport()
                for step in steps {
                    if let error = state.changeError {
                        report.failures.append(StepReport.Failure(step.server, error))
                        continue
                    }
                    switch step {
                    case .add(let server): state.servers.append(server.id)
                    case .remove(let server), .disconnect(let server): state.servers.removeAll { $0 == server.handle }
                    case .change, .drain, .park: break
                    }
                }
                return report
            }
        }
    }
}
