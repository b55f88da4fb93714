import Synchronization

/// What a backend has to say to the operator though it goes on: each sentence once.
final class Warnings: Sendable {
    private let said = Mutex<Set<String>>([])
    private let warn: @Sendable (String) -> Void

    init(_ warn: @escaping @Sendable (String) -> Void) { self.warn = warn }

    func say(_ sentence: String) {
        if said.withLock({ $0.insert(sentence).inserted }) { warn(sentence) }
    }
}
