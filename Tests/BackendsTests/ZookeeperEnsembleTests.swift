import Synchronization
import TestSupport
import Testing

@testable import Backends

/// Members of an ensemble are killed and started again: the newest value is seen in the end, and never an older one after it,
/// though the next member that answers may lag behind.
@Suite struct ZookeeperEnsembleTests {
    /// The values of a key that is followed, a number that only grows.
    private final class Numbers: Sendable {
        private let numbers = Mutex<[Int]>([])

        func append(_ text: String?) { numbers.withLock { $0.append(text.flatMap { Int($0) } ?? 0) } }

        var areInOrder: Bool { numbers.withLock { $0 == $0.sorted() } }
    }

    @Test func followsWhileMembersComeAndGo() throws {
        let ensemble = try ZookeeperEnsemble()
        let key = "/ensemble/number"
        try ensemble.apply([.create("/ensemble", [], .everybody), .create(key, Array("1".utf8), .everybody)])
        let numbers = (0..<3).map { _ in Numbers() }
        // For each member, one `Following` that tries it first.
        let followings = try (0..<3).map { index in
            try Following(ensemble.backend(beginningAt: index), "/ensemble") { [numbers = numbers[index]] snapshot in
                numbers.append(snapshot.texts[key])
            }
        }
        var number = 1
        func isSeen(_ event: String) throws {
            number += 1
            try ensemble.apply([.set(key, Array("\(number)".utf8))])
            for (index, following) in followings.enumerated() {
                #expect(following.sees([key: "\(number)"]), "\(event), \(index): \(following.failures)")
                #expect(numbers[index].areInOrder, "\(event), \(index)")
            }
        }
        try isSeen("all are there")
        let follower = try ensemble.member("follower")
        follower.kill()
        try isSeen("without a follower")
        try follower.start()
        let leader = try ensemble.member("leader")
        leader.kill()
        try isSeen("without the leader")
        try leader.start()
        try isSeen("with the former leader")
        let failures = followings.map(\.failures.count)
        for member in ensemble.members { member.kill() }
        #expect(eventuallyBlocking { zip(followings, failures).allSatisfy { $0.failures.count > $1 } })
        for member in ensemble.members { try member.launch() }
        try isSeen("all are back")
        for following in followings {
            #expect(following.failures.allSatisfy { $0.message.hasPrefix("zookeeper: 127.0.0.1:") })
            #expect(following.stop())
        }
    }
}
