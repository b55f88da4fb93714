import Glibc
import Posix
import Synchronization
import TestSupport
import Testing

@Suite struct UsersTests {
    @Test func findsNamesAndNumbers() throws {
        #expect(try Users.uid(of: "root") == 0)
        #expect(try Users.gid(of: "root") == 0)
        #expect(try Users.name(uid: 0) == "root")
        #expect(try Users.name(gid: 0) == "root")
    }

    @Test func saysWhenThereIsNone() throws {
        #expect(try Users.uid(of: "no-such-user") == nil)
        #expect(try Users.gid(of: "no-such-group") == nil)
        #expect(try Users.name(uid: 3_999_999_999) == nil)
    }
}

@Suite struct ClockTests {
    @Test func movesForward() {
        let first = Clock.monotonic()
        let second = Clock.monotonic()
        #expect(second >= first)
        #expect(Clock.wall().seconds > 1_700_000_000)
    }

    /// In a process of its own, because TZ is one for all.
    @Test func tellsLocalTime() async throws {
        let folder = try TemporaryDirectory()
        let path: String = folder("zone")
        try Files.write(ZoneFiles.file(rule: "CET-1CEST,M3.5.0,M10.5.0/3"), to: path)
        await #expect(processExitsWith: .success) { [path = path as String] in
            setenv("TZ", path, 1)
            let winter = WallTime(seconds: 1_705_314_896)
            #expect(Clock.rfc3339(winter) == "2024-01-15T11:34:56+01:00")
            #expect(LocalZone.current.name == path)
            let zones = [LocalZone.current.zone(at: winter.seconds), LocalZone.current.zone(at: 1_720_000_000)]
            #expect(zones.map { $0.abbreviation } == ["CET", "CEST"])
            #expect(zones.map { $0.seconds } == [3_600, 7_200])
            #expect(zones.map { $0.isDaylightSaving } == [false, true])
        }
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: [
        ("UTC0", "1970-01-01T00:00:00Z"), ("NST3:30", "1969-12-31T20:30:00-03:30"),
        ("IST-5:30", "1970-01-01T05:30:00+05:30"),
    ])
    func writesOffsets(rule: String, text: String) async throws {
        let folder = try TemporaryDirectory()
        let path: String = folder("zone")
        try Files.write(ZoneFiles.file(rule: rule), to: path)
        await #expect(processExitsWith: .success) { [path = path as String, text = text as String] in
            setenv("TZ", path, 1)
            #expect(Clock.rfc3339(WallTime(seconds: 0)) == text)
        }
        withExtendedLifetime(folder) {}
    }
}

@Suite struct EnvironmentTests {
    @Test func hasBytes() async {
        await #expect(processExitsWith: .success) {
            setenv("CONFD_TEST_BYTES", "a\u{e9}", 1)
            #expect(Environment.bytes("CONFD_TEST_BYTES") == Array("a\u{e9}".utf8))
            #expect(Environment.text("CONFD_TEST_BYTES") == "aé")
            #expect(Environment.entries().contains(Array("CONFD_TEST_BYTES=aé".utf8)))
            #expect(Environment.bytes("CONFD_TEST_NONE") == nil)
        }
    }
}

@Suite struct ThreadTests {
    @Test func hasTheStackItWasAskedFor() throws {
        // About 60 MB of frames, more than a default stack of 8 MiB holds.
        @Sendable func depth(_ left: Int) -> Int {
            withUnsafeTemporaryAllocation(byteCount: 3_000, alignment: 8) { frame in
                frame[0] = 1
                return left == 0 ? Int(frame[0]) : depth(left - 1) + Int(frame[0])
            }
        }
        #expect(try result(stackSize: 1 << 30) { depth(20_000) } == 20_001)
    }

    /// What `body` returns on a thread with such a stack.
    private func result(
        stackSize: Int, smallest: Int? = nil, _ body: @escaping @Sendable () -> Int
    ) throws(SystemError) -> Int? {
        let result = SharedResult()
        try Thread.start(stackSize: stackSize, smallest: smallest) { result.set(body()) }.join()
        return result.value
    }

    private final class SharedResult: Sendable {
        private let number = Mutex<Int?>(nil)

        var value: Int? { number.withLock { $0 } }

        func set(_ value: Int) { number.withLock { $0 = value } }
    }

    #if DEBUG
        /// Report: one poll that the kernel had no memory for ended the daemon.
        @Test func waitsAgainWhenThereIsNoMemoryForThePoll() throws {
            let wakeUp = try WakeUp()
            wakeUp.wake()
            let ready = try Faults.with(
                .init("poll", nth: 1, code: ENOMEM), .init("poll", nth: 2, code: ENOMEM)
            ) { try Poll.wait([wakeUp.descriptor], timeout: nil) }
            #expect(ready == [true])
            #expect(throws: SystemError(call: "poll", code: EINVAL)) {
                try Faults.with(.init("poll", code: EINVAL)) { try Poll.wait([wakeUp.descriptor], timeout: nil) }
            }
        }

        @Test func takesASmallerStackWhereALargeOneIsRefused() throws {
            let result = try Faults.with(.init("pthread_create", code: EAGAIN)) {
                try self.result(stackSize: 1 << 22, smallest: 1 << 21) { 7 }
            }
            #expect(result == 7)
        }

        @Test(arguments: [nil, 1 << 21])
        func takesNoStackThatIsTooSmall(smallest: Int?) throws {
            #expect(throws: SystemError(call: "pthread_create", code: EAGAIN)) {
                try Faults.with(
                    .init("pthread_create", nth: 1, code: EAGAIN), .init("pthread_create", nth: 2, code: EAGAIN)
                ) { try result(stackSize: 1 << 22, smallest: smallest) { 7 } }
            }
        }

        @Test func saysWhenThereIsNoThread() {
            let error = #expect(throws: SystemError.self) {
                try Faults.with(.init("pthread_create", code: EPERM)) {
                    try result(stackSize: 1 << 22) { 7 }
                }
            }
            #expect(error?.code == Errno.notPermitted)
        }
    #endif
}

@Suite struct SignalTests {
    @Test(
        arguments: [
            ("HUP", 1), ("SIGHUP", 1), ("sighup", 1), ("usr2", 12), ("15", 15), ("40", 40), ("0", nil), ("65", nil),
            ("SIGNONE", nil), ("", nil),
        ] as [(String, Int32?)])
    func readsNames(text: String, number: Int32?) {
        #expect(Signal(named: text)?.number == number)
    }

    @Test func writesNames() {
        #expect(Signal.terminate.name == "SIGTERM")
        #expect(Signal(number: 40).name == "signal 40")
    }

    @Test func queuesSignals() async {
        await #expect(processExitsWith: .success) {
            let queue = try SignalQueue([.hangUp, .user1])
            let before = try queue.next()
            // To this thread: only it has the signal blocked.
            pthread_kill(pthread_self(), SIGUSR1)
            let ready = try Poll.wait([queue.descriptor], timeout: .seconds(5))
            let signals = [before, try queue.next(), try queue.next()]
            #expect(ready == [true])
            #expect(signals == [nil, .user1, nil])
        }
    }
}

@Suite struct PollTests {
    @Test func endsAtTheTimeout() throws {
        let wakeUp = try WakeUp()
        let start = Clock.monotonic()
        let ready = try Poll.wait([wakeUp.descriptor, -1], timeout: .milliseconds(20))
        #expect(ready == [false, false])
        #expect(Clock.monotonic() - start >= .milliseconds(20))
    }

    @Test func wakes() throws {
        let wakeUp = try WakeUp()
        wakeUp.wake()
        wakeUp.wake()
        let woken = try Poll.wait([-1, wakeUp.descriptor], timeout: nil)
        wakeUp.clear()
        let cleared = try Poll.wait([wakeUp.descriptor], timeout: .zero)
        #expect(woken == [false, true])
        #expect(cleared == [false])
    }

    @Test(
        arguments: [
            (Duration.milliseconds(5), 5), (.microseconds(1_500), 2), (.zero, 0), (.seconds(61), 61_000),
            (.nanoseconds(1), 1),
        ] as [(Duration, Int64)])
    func roundsUp(duration: Duration, milliseconds: Int64) {
        #expect(duration.milliseconds(roundedUp: true) == milliseconds)
    }
}

@Suite struct RandomTests {
    @Test func differs() {
        #expect(Random.letters(20) != Random.letters(20))
        #expect(Random.bytes(1_000).count == 1_000)
        #expect(Set(Random.bytes(1_000)).count > 100)
    }
}

@Suite struct SemaphoreTests {
    @Test func countsPosts() {
        let semaphore = Semaphore(1)
        semaphore.post()
        #expect(semaphore.wait(atMost: .zero) && semaphore.wait(atMost: .seconds(1)))
        #expect(
            !semaphore.wait(atMost: .zero) && !semaphore.wait(atMost: .milliseconds(1))
                && !semaphore.wait(atMost: .seconds(-1)))
    }

    @Test func aThreadWaitsForAPost() throws {
        let semaphore = Semaphore()
        let thread = try Thread.start { semaphore.post() }
        semaphore.wait()
        thread.join()
        #expect(!semaphore.wait(atMost: .zero))
    }
}

@Suite struct ThreadSignalTests {
    /// A new thread starts with its creator's mask, and the creator keeps its own.
    @Test(arguments: [(false, false), (true, true)])
    func mayHaveAllSignalsBlocked(_ blocks: Bool, _ expected: Bool) async throws {
        let isBlocked = Mutex<Bool?>(nil)
        @Sendable func current() -> Bool {
            var mask = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &mask)
            return sigismember(&mask, SIGUSR2) == 1
        }
        let before = current()
        try Thread.start(blocksSignals: blocks) { isBlocked.withLock { $0 = current() } }.join()
        #expect(isBlocked.withLock { $0 } == (expected || before))
        #expect(current() == before)
    }
}
