import CCurl
import Posix
import Synchronization

/// The sockets of one client's thread. `Watchdog` shuts them down while the thread is busy with frames without data.
///
/// While such frames keep coming, libcurl 7.88 neither returns from `curl_multi_perform` nor calls any callback, so
/// only another thread can end it.
final class Connections: Sendable {
    private struct State {
        var sockets: [curl_socket_t] = []
        var effort: Effort
        var wereCut = false
    }

    private let state: Mutex<State>
    private let clock: ThreadClock
    /// Milliseconds of processor time that count as well spent since the watchdog's last look.
    private let allowed = Atomic(0)
    /// TLS handshakes that are under way.
    private let handshakes = Atomic(0)

    /// The error of transfers whose connection was cut.
    static let failure = HTTPError(.malformed, detail: "frames without data, and no end of them")

    /// Must be made on the client's thread, whose processor time it measures.
    init() {
        clock = ThreadClock()
        state = Mutex(State(effort: Effort(processor: clock.time ?? .zero, now: .now)))
    }

    func open(_ address: UnsafePointer<curl_sockaddr>) -> curl_socket_t {
        state.withLock { state in
            let socket = confd_socket_open(address)
            if socket >= 0 { state.sockets.append(socket) }
            return socket
        }
    }

    /// Closes under the lock: the kernel may reuse the number at once, and the watchdog must not shut down that other file.
    func close(_ socket: curl_socket_t) -> Int32 {
        state.withLock { state in
            state.sockets.removeAll { $0 == socket }
            return confd_socket_close(socket)
        }
    }

    /// Part of a head or of a body was received: at most 16 KiB, which take 1 ms with TLS on a slow machine. Ten times that is
    /// allowed, so that no answer is cut while its bytes arrive.
    func notePiece() { allowed.wrappingAdd(10, ordering: .relaxed) }

    /// Notes that the loop found nothing to do. While calls wait it wakes 200 times a second, which on a slow machine
    /// takes much processor time that counts as well spent.
    func noteIdleness() { allowed.wrappingAdd(1, ordering: .relaxed) }

    func noteHandshake(begins: Bool) {
        handshakes.wrappingAdd(begins ? 1 : -1, ordering: .relaxed)
        // The time of a handshake does not count afterwards.
        if !begins { allowed.wrappingAdd(500, ordering: .relaxed) }
    }

    /// Shuts all sockets down if too much time was wasted: libcurl does not tell which of them is the cause. The other
    /// connections are made again.
    func cutIfWasted() {
        state.withLock { state in
            // nil: the thread has ended.
            guard let processor = clock.time else { return }
            let isWasted = state.effort.isWasted(
                processor: processor, now: .now, allowed: .milliseconds(allowed.exchange(0, ordering: .relaxed)),
                isHandshaking: handshakes.load(ordering: .relaxed) > 0)
            guard isWasted else { return }
            state.wereCut = true
            for socket in state.sockets { confd_socket_shut_down(socket) }
        }
    }

    /// Whether the sockets were shut down since the last call.
    func takeCut() -> Bool {
        state.withLock { state in
            defer { state.wereCut = false }
            return state.wereCut
        }
    }
}
