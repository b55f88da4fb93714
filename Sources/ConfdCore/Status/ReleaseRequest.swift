import Configuration
import Diagnostics

/// The answer to `confd release RESOURCE`.
enum ReleaseAnswer: Equatable, Sendable {
    case released
    /// Nothing of it is held.
    case notHeld
    /// There is no such resource.
    case unknown(suggestion: String?)

    /// The message; for an unknown resource with a hint.
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
