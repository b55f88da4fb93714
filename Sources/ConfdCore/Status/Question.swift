import Posix
import Synchronization

/// A question to the engine's thread, which answers it when it can.
final class Question<Answer: Sendable>: Sendable {
    private let given = Mutex<Answer?>(nil)
    private let wakeUp: WakeUp

    /// Throws if the process has no descriptors left.
    init() throws(SystemError) { wakeUp = try WakeUp() }

    /// Gives the answer; a later one takes its place.
    func answer(_ answer: Answer) {
        given.withLock { $0 = answer }
        wakeUp.wake()
    }

    /// Notes how things are for now, without ending the wait.
    func note(_ answer: Answer) { given.withLock { $0 = answer } }

    /// Readable once there is an answer.
    var descriptor: Int32 { wakeUp.descriptor }

    /// The answer, or what was noted last; nil as long as there was none.
    var result: Answer? { given.withLock { $0 } }
}
