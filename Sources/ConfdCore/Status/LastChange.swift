import Applying
import Diagnostics
import Posix

/// The last replacement of a resource's file.
struct LastChange: Equatable, Sendable {
    let time: WallTime
    let revision: Int64
    /// nil if it was before the daemon began.
    let change: AppliedChange?

    /// The answer at the control socket: a line for the time, the revision, the number of keys, and each key that is remembered:
    ///
    ///     time 2026-11-27T10:00:00Z
    ///     revision 17
    ///     keys 2 changed
    ///     set /app/name
    ///     delete /app/debug
    ///
    /// `hide` and `show` are of health checks. Each cause besides keys has a line too, such as `cause its resource file was changed`.
    var text: String {
        var lines = ["time \(Clock.rfc3339(time))", "revision \(revision)"]
        if let change {
            lines.append("keys \(change.count) \(change.isKnown ? "changed" : "all")")
            for key in change.keys {
                let name = PrintableText.line(String(decoding: key.name, as: UTF8.self))
                lines.append("\(key.change.rawValue) \(name)")
            }
            lines += change.causes.map { "cause \(PrintableText.line($0.text))" }
        }
        return lines.map { $0 + "\n" }.joined()
    }
}

/// The answer to `confd explain -last`.
enum LastChangeAnswer: Equatable, Sendable {
    case change(LastChange)
    /// Its file was never replaced.
    case never
    /// There is no such resource.
    case unknown(suggestion: String?)
}
