import Glibc
import Synchronization

/// Two threads that append under a `Mutex`; with an argument they also count in a variable without one. The sanitizer must report
/// nothing without the argument, and a race with it.
final class Shared: Sendable {
    let counter = Mutex([0])
    nonisolated(unsafe) var bare = 0
}

let shared = Shared()
let isRacy = CommandLine.arguments.count > 1

func start() -> pthread_t {
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { _ in
            for number in 0..<50_000 {
                shared.counter.withLock { $0.append(number) }
                if isRacy { shared.bare += 1 }
            }
            return nil
        }, nil)
    return thread
}

for thread in [start(), start()] { pthread_join(thread, nil) }
print(shared.counter.withLock { $0.count })
