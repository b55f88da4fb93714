/// Whether a target counts as up.
package enum Verdict: String, Hashable, Sendable {
    case up, down
}
