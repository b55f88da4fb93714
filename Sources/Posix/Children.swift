import CPosix
import Glibc
import Synchronization

/// All processes that we started and have not waited for; a reaper must leave them to their owners.
package enum Children {
    private struct State {
        var ours: Set<Int32> = []
        var reapsOrphans = false
        var abandoned: [ChildProcess] = []
    }

    private static let state = Mutex(State())

    /// Whether orphans become our children (PID 1, or after `becomeSubreaper`) and are to be collected.
    package static func becomeReaper() throws(SystemError) {
        if getpid() != 1 { try SystemCall.run("prctl") { confd_become_subreaper() } }
        state.withLock { $0.reapsOrphans = true }
        collectOrphans()
    }

    /// Collects children that have ended and are not ours; call it for each `Signal.child` after `becomeReaper`.
    ///
    /// An ended child of ours hides the ones after it until it is waited for, which calls this again.
    package static func collectOrphans() {
        while true {
            let foundOne = state.withLock { state -> Bool in
                guard state.reapsOrphans else { return false }
                let id = confd_peek_ended_child()
                guard id > 0, !state.ours.contains(id) else { return false }
                return waitpid(id, nil, WNOHANG) == id
            }
            if !foundOne { return }
        }
    }

    /// Takes over a process that its owner has given up.
    static func abandon(_ child: ChildProcess) {
        state.withLock { $0.abandoned.append(child) }
    }

    /// Starts a process by `start` and notes it as ours before anybody can collect it.
    static func adopt(_ start: () throws(SystemError) -> Int32) throws(SystemError) -> Int32 {
        let abandoned = state.withLock { $0.abandoned }
        let ended = Set(abandoned.filter { $0.collect() != nil }.map { $0.id })
        return try state.withLock { state throws(SystemError) in
            // If SIGCHLD is inherited as ignored (exec keeps that), the kernel discards every exit status.
            signal(SIGCHLD, SIG_DFL)
            state.abandoned.removeAll { ended.contains($0.id) }
            let id = try start()
            state.ours.insert(id)
            return id
        }
    }

    /// How our child `id` ended, nil while it runs. It is removed at once, because the kernel may reuse its id from then on.
    static func collect(_ id: Int32) -> TerminationStatus? {
        let status = state.withLock { state -> TerminationStatus? in
            guard let raw = wait(id) else { return nil }
            state.ours.remove(id)
            return TerminationStatus(raw: raw)
        }
        if status != nil { collectOrphans() }
        return status
    }

    private static func wait(_ id: Int32) -> Int32? {
        var raw: Int32 = 0
        while true {
            let ended = waitpid(id, &raw, WNOHANG)
            if ended == id { return raw }
            if ended == 0 { return nil }
            precondition(errno == EINTR, "a child of ours is waited for once")
        }
    }
}
