import Glibc

/// The processor time of the thread that made it; any thread may read it.
package struct ThreadClock: Sendable {
    /// nil where the system has no such clock.
    private let identifier: clockid_t?

    package init() {
        var identifier = clockid_t()
        self.identifier = pthread_getcpuclockid(pthread_self(), &identifier) == 0 ? identifier : nil
    }

    /// nil if the thread has ended, or there is no such clock.
    package var time: Duration? {
        var now = timespec()
        guard let identifier, clock_gettime(identifier, &now) == 0 else { return nil }
        return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
    }
}
