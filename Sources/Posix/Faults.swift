#if DEBUG
    import Synchronization

    /// System calls that fail on purpose, for tests; release builds have no trace of it.
    package final class Faults: Sendable {
        /// One call that fails.
        package struct Fault: Sendable {
            let call: String
            let nth: Int
            let code: Int32

            /// The `nth` call (from 1) of the name `call` fails with errno `code`.
            package init(_ call: String, nth: Int = 1, code: Int32) {
                self.call = call
                self.nth = nth
                self.code = code
            }
        }

        private struct Counts {
            var byName: [String: Int] = [:]
            var total = 0
        }

        @TaskLocal private static var current: Faults?

        private let faults: [Fault]
        private let deadFrom: Int?
        private let counts = Mutex(Counts())

        private init(_ faults: [Fault], deadFrom: Int?) {
            self.faults = faults
            self.deadFrom = deadFrom
        }

        /// Runs `body`; the calls that it makes on this thread fail as `faults` say.
        @discardableResult
        package static func with<Result>(_ faults: Fault..., body: () throws -> Result) rethrows -> Result {
            try $current.withValue(Faults(faults, deadFrom: nil), operation: body)
        }

        /// Runs `body`; its `nth` system call (from 1) and all later ones fail, so that what is on disk is what a
        /// kill at this point would leave. Returns whether `body` came that far.
        package static func killed(at nth: Int, body: () -> Void) -> Bool {
            let faults = Faults([], deadFrom: nth)
            $current.withValue(faults, operation: body)
            return faults.counts.withLock { $0.total >= nth }
        }

        /// Counts a call of `name`; the errno that it is to fail with, if it is to fail.
        static func next(_ name: StaticString) -> Int32? {
            guard let current else { return nil }
            let name = name.description
            let (count, total) = current.counts.withLock { counts in
                counts.total += 1
                counts.byName[name, default: 0] += 1
                return (counts.byName[name, default: 0], counts.total)
            }
            if let dead = current.deadFrom, total >= dead { return Errno.inputOutput }
            return current.faults.first { $0.call == name && $0.nth == count }?.code
        }
    }
#endif
