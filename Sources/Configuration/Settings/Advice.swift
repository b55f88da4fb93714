import Diagnostics

/// What to write in place of an unknown name.
package enum Advice: Equatable, Sendable {
    /// The nearest known name.
    case didYouMean(String)
    /// It has another name since confd 0.6.
    case calledNow(String)
    /// It cannot stand in confd.toml; the flag as it is typed.
    case flagOnly(String)
    /// Settings have no `[confd]` table any more.
    case noConfdTable
    /// It is another program's name of the field.
    case calledHere(String)
    case calledHereAsArray(String)
    case writeFields([String])
    /// Another program's `[resource]`.
    case templateTable
    /// Another program's `[exec]`.
    case commandOnCommandLine
    case noEffect
    /// It belongs to a backend that is not built.
    case ofBackend(String)

    /// The nearest of `candidates`, nil if none is near.
    static func nearest(to name: String, among candidates: some Sequence<String>) -> Advice? {
        Suggestion.nearest(to: name, among: candidates).map { .didYouMean($0) }
    }
}
