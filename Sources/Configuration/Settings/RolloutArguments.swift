/// What `confd rollout` does, and with which group.
package struct RolloutArguments: Equatable, Sendable {
    package enum Verb: String, CaseIterable, Sendable {
        /// Tells how far all hosts are.
        case status
        /// No further host changes its file.
        case halt
        /// Ends a halt.
        case resume
    }

    /// The words after `rollout`.
    package internal(set) var words: [String] = []

    /// Nil if the first word is none.
    package var verb: Verb? { words.first.flatMap { Verb(rawValue: $0) } }
    package var group: String { words.count > 1 ? words[1] : "" }
}
