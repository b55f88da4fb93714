import Dispatch
import Glibc

/// Threads with a stack of 512 MiB, as the program has for rendering.
enum LargeStack {
    private static let size = 512 << 20

    /// Runs `work` on such a thread and waits for it; nil if it takes longer than `limit` seconds: the thread then goes on
    /// until `work` returns or the process ends.
    static func run<Result: Sendable>(
        within limit: Double, _ work: @escaping @Sendable () -> Result
    ) -> Result? {
        let task = Task(work)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, size)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let status = pthread_create(
            &thread, &attributes,
            { pointer in
                // The pointer was made by passRetained(task) below.
                Unmanaged<AnyTask>.fromOpaque(pointer!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(task as AnyTask).toOpaque())
        precondition(status == 0, "no thread could be made: \(status)")
        guard task.finished.wait(timeout: .now() + limit) == .success else { return nil }
        return task.result
    }

    private class AnyTask: @unchecked Sendable {
        func run() {}
    }

    /// Unchecked, because the semaphore orders the accesses to `result`.
    private final class Task<Result: Sendable>: AnyTask, @unchecked Sendable {
        let finished = DispatchSemaphore(value: 0)
        private let work: @Sendable () -> Result
        private(set) var result: Result?

        init(_ work: @escaping @Sendable () -> Result) { self.work = work }

        override func run() {
            result = work()
            finished.signal()
        }
    }
}
