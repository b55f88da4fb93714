import Configuration
import Diagnostics

/// The answer to `confd release RESOURCE`.
enum ReleaseAnswer: Equatable, Sendable {
    case released
    /// Nothing of it is held. What failed instead, if anything did.
    case notHeld(failure: String?)
    /// There is no such resource.
    case unknown(suggestion: String?)

    /// The message; for an unknown resource with a hint.
    func message(_ resource: String) -> String {
        switch self {
        case .released: "\(resource) is released"
        case .notHeld(let failure): "\(resource) is not held\(failure.map { ", it failed: \($0)" } ?? "")"
        case .unknown(let suggestion):
            "no resource is called \"\(resource)\"\n"
                + "hint: \(suggestion.map { "did you mean \"\($0)\"?" } ?? "confd status lists them")"
        }
    }
}
