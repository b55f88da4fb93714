import Synchronization

/// Passes each distinct warning of a backend on, once.
final class Warnings: Sendable {
    private let issued = Mutex<Set<String>>([])
    private let warn: @Sendable (String) -> Void

    init(_ warn: @escaping @Sendable (String) -> Void) { self.warn = warn }

    func issue(_ text: String) {
        if issued.withLock({ $0.insert(text).inserted }) { warn(text) }
    }
}
