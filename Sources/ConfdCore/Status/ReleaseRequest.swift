import Configuration
import Diagnostics

/// What becomes of `confd release RESOURCE`.
enum ReleaseAnswer: Equatable, Sendable {
    case released
    /// Nothing of it is held.
    case notHeld
    /// There is no such resource.
    case unknown(suggestion: String?)

    /// What is said of it; of an unknown resource with what to do.
    func message(_ resource: String) -> String {
        switch self {
        case .released: "\(resource) is released"
        case .notHeld: "\(resource) is not held"
        case .unknown(let suggestion):
            "no resource is called \"\(resource)\"\n"
                + "hint: \(suggestion.map { "did you mean \"\($0)\"?" } ?? "confd status lists them")"
        }
    }
}
