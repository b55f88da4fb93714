/// A server as the balancer says that it is now.
package struct RunningServer: Hashable, Sendable {
    package enum Phase: Hashable, Sendable {
        case serving
        /// Takes no new requests.
        case draining
        /// In maintenance: takes nothing.
        case stopped
    }

    /// What the balancer tells of where it listens.
    package enum Address: Hashable, Sendable {
        case unknown
        /// A socket at a path that is not told.
        case somewhereUnix
        /// By address, and by the name that it was found by.
        case known([ServerAddress])
    }

    /// What the balancer tells of its words.
    package enum Words: Hashable, Sendable {
        /// Nothing: they are taken to be right.
        case unknown
        case fingerprint(UInt32)
        /// The words by name, and their values as text.
        case values([String: String])
    }

    /// What it is matched by: the id or the address of a desired server.
    package var key: String
    /// What requests to the balancer call it.
    package var handle: String
    package var address = Address.unknown
    /// nil: not told.
    package var weight: Int?
    /// nil: not told.
    package var isBackup: Bool?
    package var phase = Phase.serving
    /// Whether it takes requests now: it serves, is healthy and has a weight.
    package var isUp = true
    package var words = Words.unknown
    /// It has health checks, and they are switched off.
    package var lacksChecks = false

    package init(key: String, handle: String) {
        self.key = key
        self.handle = handle
    }

    /// In what it differs from `desired`, as far as the balancer tells.
    package func differences(from desired: DesiredServer) -> [ServerField] {
        ServerField.allCases.filter { field in
            switch field {
            case .address: !hasAddress(of: desired)
            case .weight: weight.map { $0 != desired.weight } ?? false
            case .backup: isBackup.map { $0 != desired.isBackup } ?? false
            case .words: !hasWords(of: desired)
            case .checks: lacksChecks && desired.wantsChecks
            case .state: phase != (desired.isDrained ? .draining : .serving)
            }
        }
    }

    private func hasAddress(of desired: DesiredServer) -> Bool {
        switch address {
        case .unknown: true
        case .somewhereUnix: desired.address.isUnix
        case .known(let addresses): addresses.contains(desired.address)
        }
    }

    private func hasWords(of desired: DesiredServer) -> Bool {
        switch words {
        case .unknown: true
        case .fingerprint(let number): WordsFingerprint.candidates(for: desired).contains { $0.number == number }
        // Words that are not desired keep the balancer's own defaults.
        case .values(let values): desired.words.allSatisfy { values[$0.name] == $0.value.text }
        }
    }

    /// Whether `field` can be changed to that of `desired` in place.
    func canChange(_ field: ServerField, to desired: DesiredServer, _ traits: BalancerTraits) -> Bool {
        guard traits.live.contains(field) else { return false }
        guard field == .address else { return true }
        // No balancer turns a socket at a path into one of the internet, or back.
        return address != .somewhereUnix && !desired.address.isUnix
    }

    /// Whether it has left but for its last connections.
    var isParked: Bool { phase == .stopped && weight ?? 0 == 0 }
}
