import KeyValue

/// Who goes first, and how many at a time.
package struct RolloutPolicy: Hashable, Sendable {
    /// A number of hosts, or a percentage of those that are alive.
    package enum Amount: Hashable, Sendable {
        case hosts(Int)
        case percent(Int)

        /// The number out of `members` hosts; rounded up, and at least one.
        package func count(of members: Int) -> Int {
            switch self {
            case .hosts(let count): max(1, count)
            case .percent(let percent): max(1, (members * percent + 99) / 100)
            }
        }

        /// As it is written in a file.
        fileprivate var text: String {
            switch self {
            case .hosts(let count): "\(count)"
            case .percent(let percent): "\(percent)%"
            }
        }
    }

    package enum Canary: Hashable, Sendable {
        case none
        case first(Amount)
        /// Hosts whose name matches one of these patterns.
        case named([String])

        func matches(_ host: String) -> Bool {
            guard case .named(let patterns) = self else { return false }
            return patterns.contains { pattern in
                Array(pattern.utf8).withUnsafeBufferPointer { pattern in
                    let glob = Glob(pattern)
                    return Array(host.utf8).withUnsafeBufferPointer { glob.matches($0) }
                }
            }
        }
    }

    package var canary: Canary
    /// The most hosts that have their turn at a time.
    package var maxParallel: Amount
    /// How long a canary must have worked after its reload before the others follow.
    package var soak: Duration
    /// Whether there is a command that says whether the new file works.
    package var verifies: Bool

    /// The settings that all hosts of a group need to have in common.
    package var text: String {
        let canaries =
            switch canary {
            case .none: "0"
            case .first(let amount): amount.text
            case .named(let patterns): patterns.joined(separator: ",")
            }
        return "canary \(canaries), max_parallel \(maxParallel.text), soak \(soak.components.seconds)s"
    }

    package init(canary: Canary, maxParallel: Amount, soak: Duration, verifies: Bool) {
        self.canary = canary
        self.maxParallel = maxParallel
        self.soak = soak
        self.verifies = verifies
    }
}
