import Diagnostics

/// What to write in place of an unknown name.
package enum Advice: Equatable, Sendable {
    /// The nearest known name.
    case didYouMean(String)
    /// The name that it has since confd 0.6.
    case calledNow(String)
    /// It is not allowed in confd.toml; the flag as it is typed.
    case flagOnly(String)
    /// Settings have no `[confd]` table any more.
    case noConfdTable
    /// Another program calls the field so; its name here.
    case calledHere(String)
    case calledHereAsArray(String)
    case writeFields([String])
    /// Another program's `[resource]`.
    case templateTable
    /// The table of a resource that was written outside of it.
    case tableOfTemplate(String)
    /// Another program's `[exec]`.
    case commandOnCommandLine
    /// The first word of a command to run.
    case dashesBefore(String)
    case noEffect
    /// It belongs to this backend, which is not built.
    case ofBackend(String)

    /// All names that are known there.
    case known([String])

    /// The nearest of `candidates`, or all of them if none is near and they are few enough for a line; nil otherwise.
    static func nearestOrAll(_ name: String, among candidates: [String]) -> Advice? {
        if let near = nearest(to: name, among: candidates) { return near }
        return (1...mostListed).contains(candidates.count) ? .known(candidates) : nil
    }

    private static let mostListed = 10

    /// The nearest of `candidates`, nil if none is near.
    static func nearest(to name: String, among candidates: some Sequence<String>) -> Advice? {
        Suggestion.nearest(to: name, among: candidates).map { .didYouMean($0) }
    }
}
