import Glibc

/// Threads with a stack of their own size; the memory of a stack is taken only as it is used.
package struct Thread: Sendable {
    private let handle: pthread_t

    /// Starts a thread that runs `body`; it must be joined. It inherits the mask of blocked signals, or has all blocked with
    /// `blocksSignals`.
    ///
    /// Where the system refuses a stack of this size (`ulimit -v`, strict overcommit), half of it is tried, and so on, not
    /// below `smallest`; nil throws at once, for a body that relies on the size.
    package static func start(
        stackSize: Int = 1 << 20, smallest: Int? = nil, blocksSignals: Bool = false,
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> Thread {
        var size = stackSize
        while true {
            do throws(SystemError) {
                return Thread(handle: try create(size, blocksSignals, body))
            } catch  where (error.code == EAGAIN || error.code == ENOMEM) && size / 2 >= smallest ?? .max {
                size /= 2
            }
        }
    }

    /// Waits for the thread to end.
    package func join() {
        let code = pthread_join(handle, nil)
        precondition(code == 0, "a thread is joined once, and not by itself")
    }

    /// Starts a detached thread: its memory is freed when `body` returns.
    package static func detach(
        stackSize: Int = 1 << 20, smallest: Int? = nil, blocksSignals: Bool = false,
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        let thread = try start(stackSize: stackSize, smallest: smallest, blocksSignals: blocksSignals, body)
        let code = pthread_detach(thread.handle)
        precondition(code == 0, "it was just started")
    }

    private final class Work {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private static func create(
        _ stackSize: Int, _ blocksSignals: Bool, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> pthread_t {
        var attributes = pthread_attr_t()
        try SystemCall.runReturningCode("pthread_attr_init") { pthread_attr_init(&attributes) }
        defer { pthread_attr_destroy(&attributes) }
        try SystemCall.runReturningCode("pthread_attr_setstacksize") {
            pthread_attr_setstacksize(&attributes, stackSize)
        }
        // A thread starts with its creator's mask.
        var mask = sigset_t()
        var all = sigset_t()
        sigfillset(&all)
        if blocksSignals { pthread_sigmask(SIG_SETMASK, &all, &mask) }
        defer { if blocksSignals { pthread_sigmask(SIG_SETMASK, &mask, nil) } }
        #if DEBUG
            let body = Faults.inherited(by: body)
        #endif
        let work = Unmanaged.passRetained(Work(body))
        var handle = pthread_t()
        do throws(SystemError) {
            try SystemCall.runReturningCode("pthread_create") {
                pthread_create(
                    &handle, &attributes,
                    { argument in
                        guard let argument else { return nil }
                        Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                        return nil
                    }, work.toOpaque())
            }
        } catch {
            work.release()
            throw error
        }
        return handle
    }
}
