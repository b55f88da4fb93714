#if DEBUG
    import Glibc
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

            /// `CALL:NTH=ERRNO` or `CALL:NTH=kill`.
            fileprivate init(parsing text: Substring) {
                let parts = text.split { $0 == ":" || $0 == "=" }
                precondition(parts.count == 3, "CONFD_FAULTS is CALL:NTH=ERRNO or CALL:NTH=kill")
                call = String(parts[0])
                nth = Int(parts[1]) ?? 1
                code = parts[2] == "kill" ? Self.kill : Int32(parts[2]) ?? EIO
            }

            /// In the place of an errno: the process ends.
            fileprivate static let kill: Int32 = -1
        }

        private struct Counts {
            var byName: [String: Int] = [:]
            var total = 0
        }

        @TaskLocal private static var current: Faults?
        /// The faults of the whole process, for tests of the built program: `CONFD_FAULTS="rename:2=kill fsync:1=5"`
        /// kills it (`SIGKILL`) before its second rename, and fails the first fsync with errno 5. `*` counts all calls.
        private static let ofProcess = getenv("CONFD_FAULTS").map { text in
            Faults(String(cString: text).split(separator: " ").map { Fault(parsing: $0) }, deadFrom: nil)
        }

        private let faults: [Fault]
        private let deadFrom: Int?
        /// What another process does between two of our calls: `act`, before our call number `nth`.
        private let intrusion: (nth: Int, act: @Sendable () -> Void)?
        private let counts = Mutex(Counts())

        private init(
            _ faults: [Fault], deadFrom: Int?, intrusion: (nth: Int, act: @Sendable () -> Void)? = nil
        ) {
            self.faults = faults
            self.deadFrom = deadFrom
            self.intrusion = intrusion
        }

        /// Runs `body`; the calls that it makes on this thread, and on those that it starts, fail as `faults` say.
        @discardableResult
        package static func with<Result>(_ faults: Fault..., body: () throws -> Result) rethrows -> Result {
            try $current.withValue(Faults(faults, deadFrom: nil), operation: body)
        }

        /// As the other `with`, for a body that waits.
        @discardableResult
        package static func with<Result>(
            _ faults: Fault..., isolation: isolated (any Actor)? = #isolation, body: () async throws -> Result
        ) async rethrows -> Result {
            try await $current.withValue(Faults(faults, deadFrom: nil), operation: body)
        }

        /// The body of a thread that is started now: with the faults of the one that starts it.
        static func inherited(by body: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
            guard let current else { return body }
            return { $current.withValue(current, operation: body) }
        }

        /// Runs `body`; its `nth` system call (from 1) and all later ones fail, so that what is on disk is what a
        /// kill at this point would leave. Returns whether `body` came that far.
        package static func killed(at nth: Int, body: () -> Void) -> Bool {
            let faults = Faults([], deadFrom: nth)
            $current.withValue(faults, operation: body)
            return faults.counts.withLock { $0.total >= nth }
        }

        /// Runs `body`, and `act` just before its `nth` system call (from 1), as another process could that wins the
        /// race. Returns whether `body` came that far.
        package static func intruding(
            at nth: Int, _ act: @escaping @Sendable () -> Void, body: () throws -> Void
        ) rethrows -> Bool {
            let faults = Faults([], deadFrom: nil, intrusion: (nth, act))
            try $current.withValue(faults, operation: body)
            return faults.counts.withLock { $0.total >= nth }
        }

        /// Counts a call of `name`; the errno that it is to fail with, if it is to fail.
        static func next(_ name: StaticString) -> Int32? {
            guard let current = current ?? ofProcess else { return nil }
            let name = name.description
            let (count, total) = current.counts.withLock { counts in
                counts.total += 1
                counts.byName[name, default: 0] += 1
                return (counts.byName[name, default: 0], counts.total)
            }
            if let dead = current.deadFrom, total >= dead { return Errno.inputOutput }
            if let intrusion = current.intrusion, total == intrusion.nth {
                // With faults of its own, so that its calls are not counted.
                $current.withValue(Faults([], deadFrom: nil), operation: intrusion.act)
            }
            let fault = current.faults.first { fault in
                fault.call == name && fault.nth == count || fault.call == "*" && fault.nth == total
            }
            if fault?.code == Fault.kill { kill(getpid(), SIGKILL) }
            return fault?.code
        }
    }
#endif
