import TextTemplate

/// The state of one key by the health checks of a resource: the result of the function `health`.
package final class HealthRecord: Object {
    /// Whether the target counts as healthy; what `healthy` gives.
    package let isUp: Bool
    /// `up`, `down`, or `unknown` before the first result.
    package let status: String
    /// Successes, and failures, in a row.
    package let rise: Int
    package let fall: Int
    /// The type of the check that decides: `http`, `tcp`, …
    package let type: String
    /// When the status changed last.
    package let since: Time
    /// Why the last probe failed; empty if it did not.
    package let error: String

    package init(
        isUp: Bool, status: String, rise: Int, fall: Int, type: String, since: Time, error: String
    ) {
        self.isUp = isUp
        self.status = status
        self.rise = rise
        self.fall = fall
        self.type = type
        self.since = since
        self.error = error
    }

    /// The record of every key in a trial, where nothing is checked.
    static let untried = HealthRecord(
        isUp: true, status: "unknown", rise: 0, fall: 0, type: "",
        since: Time(unixSeconds: 0, nanoseconds: 0, local: .utc), error: "")

    package var typeName: String { "*confd.Health" }

    package var fields: [(name: String, value: Value)] {
        [
            ("Up", .bool(isUp)), ("Status", .string(ByteString(status))), ("Rise", .int(rise)), ("Fall", .int(fall)),
            ("Type", .string(ByteString(type))), ("Since", .object(since)), ("Error", .string(ByteString(error))),
        ]
    }

    package func field(_ name: ByteString) -> Value? { fields.first { ByteString($0.name) == name }?.value }

    package func method(_ name: ByteString) -> Function? { nil }
    package var description: ByteString? { nil }
}

/// Answers the functions `healthy` and `health`.
package protocol HealthSource: Sendable {
    /// What is known of `key`, as the template sees it; nil if no check covers the key.
    func health(ofKey key: ByteString) -> HealthRecord?
}
