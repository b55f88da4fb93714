import TestSupport

@testable import Backends

/// Three real ZooKeepers, one of which the others elect as their leader.
final class ZookeeperEnsemble: Sendable {
    let members: [TestZookeeper]

    init() throws {
        let servers = try (1...3).map { number in
            "server.\(number)=127.0.0.1:\(try Ports.free()):\(try Ports.free())"
        }
        members = try (1...3).map { number in
            try TestZookeeper(settings: servers + ["initLimit=20", "syncLimit=10"], member: number)
        }
        for member in members { try member.waitUntilServing() }
    }

    /// A backend that tries the member `first` first, and then the others in order.
    func backend(beginningAt first: Int) throws -> ZookeeperBackend {
        try members[first].backend { options in
            options.nodes += try (1..<members.count).map { step in
                try ZookeeperNode(members[(first + step) % members.count].node)
            }
        }
    }

    /// A member in this mode (`leader` or `follower`); waits for one for at most 30 s.
    func member(_ mode: String) throws -> TestZookeeper {
        var found: TestZookeeper?
        _ = eventuallyBlocking(seconds: 30) {
            found = members.first { (try? $0.mode) == mode }
            return found != nil
        }
        guard let found else { throw SupportError("zookeeper: there is no \(mode)") }
        return found
    }

    /// Makes `changes` at the first member that serves, for at most 60 s. They may be made twice, if an answer is lost.
    func apply(_ changes: [ZookeeperChange]) throws {
        let isDone = eventuallyBlocking(seconds: 60) {
            members.contains { member in
                do {
                    try member.apply(changes)
                    return true
                } catch { return false }
            }
        }
        if !isDone { throw SupportError("zookeeper: no member takes a change") }
    }
}
