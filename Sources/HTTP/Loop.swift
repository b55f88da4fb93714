import CCurl
import Posix
import Synchronization

/// The mailbox of a client's thread.
final class Loop: Sendable {
    /// Work that callers have queued for the thread.
    struct Work {
        var beginning: [Exchange] = []
        /// Exchanges that have more to send, have room again or are cancelled.
        var awakened: [Exchange] = []
        var stops = false
    }

    private let work = Mutex(Work())
    /// Set while the thread can be woken. It has its own lock, because the woken thread takes the other one at once.
    private let wakeup = Mutex<WakeupHandle?>(nil)

    /// A loop whose thread runs, or `nil` if no thread can be started.
    static func started() -> Loop? {
        let loop = Loop()
        do throws(SystemError) {
            // Signals are for the thread that waits for them.
            try Thread.detach(blocksSignals: true) { Runner(loop).run() }
        } catch {
            return nil
        }
        return loop
    }

    func begin(_ exchange: Exchange) { post { $0.beginning.append(exchange) } }

    func wake(_ exchange: Exchange) { post { $0.awakened.append(exchange) } }

    func stop() { post { $0.stops = true } }

    private func post(_ change: (inout Work) -> Void) {
        work.withLock { change(&$0) }
        wakeup.withLock { wakeup in
            if let wakeup { curl_multi_wakeup(wakeup.multi) }
        }
    }

    /// Called by the thread with its handle, and with `nil` before it frees that.
    fileprivate func canBeWoken(by wakeup: WakeupHandle?) {
        self.wakeup.withLock { $0 = wakeup }
    }

    fileprivate func takeWork() -> Work {
        work.withLock { work in
            defer { work = Work(stops: work.stops) }
            return work
        }
    }
}

/// The multi handle for the one call that libcurl allows from any thread, `curl_multi_wakeup`: hence unchecked.
private struct WakeupHandle: @unchecked Sendable {
    let multi: UnsafeMutableRawPointer
}

/// The thread's own state: every libcurl handle is used here and nowhere else.
private final class Runner {
    private let loop: Loop
    private let multi: UnsafeMutableRawPointer
    private let connections: Connections
    private var transfers: [ObjectIdentifier: Transfer] = [:]
    private var pool = ConnectionPool()

    /// How many unused connections are kept. libcurl notices a dead one only when it makes the next, at most once a second,
    /// and would keep four for each call that ever ran at the same time: dozens of descriptors while a server comes and goes.
    private static let keptConnections = 8

    init(_ loop: Loop) {
        curlIsInitialized
        guard let multi = curl_multi_init() else { preconditionFailure("out of memory") }
        self.loop = loop
        self.multi = multi
        connections = Connections()
        // An option that libcurl has known since 7.16 cannot fail.
        _ = confd_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.keptConnections)
        loop.canBeWoken(by: WakeupHandle(multi: multi))
    }

    func run() {
        var isWatched = false
        while true {
            let work = loop.takeWork()
            if work.stops { break }
            for exchange in work.beginning { begin(exchange) }
            for exchange in work.awakened { wake(exchange) }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            if connections.takeCut() { endAllForWaste() }
            if !isWatched {
                // Not earlier: the first connection must not wait for the watchdog's thread to start.
                Watchdog.shared.add(connections)
                isWatched = true
            }
            finishTransfers()
            // libcurl shortens this to its own timers; a wakeup that came since takeWork ends it at once.
            var ready: Int32 = 0
            curl_multi_poll(multi, nil, 0, Int32(endLateTransfers()), &ready)
            if ready == 0 { connections.noteIdleness() }
        }
        for transfer in transfers.values { end(transfer, .failure(HTTPError(.cancelled))) }
        loop.canBeWoken(by: nil)
        curl_multi_cleanup(multi)
        Watchdog.shared.remove(connections)
    }

    private func begin(_ exchange: Exchange) {
        guard !exchange.isCancelled else { return exchange.finish(.failure(HTTPError(.cancelled))) }
        let mayReuse = exchange.mode == .whole && exchange.request.sharesConnection
        start(exchange, reusing: mayReuse && pool.hasConnection(for: exchange.request))
    }

    private func start(_ exchange: Exchange, reusing: Bool) {
        let transfer = Transfer(exchange, reusing: reusing, connections)
        if let error = transfer.prepare() { return exchange.finish(.failure(error)) }
        transfers[ObjectIdentifier(exchange)] = transfer
        curl_multi_add_handle(multi, transfer.handle)
    }

    private func wake(_ exchange: Exchange) {
        guard let transfer = transfers[ObjectIdentifier(exchange)] else { return }
        if exchange.isCancelled {
            end(transfer, .failure(HTTPError(.cancelled)))
        } else {
            transfer.resume()
        }
    }

    private func finishTransfers() {
        for transfer in transfers.values where transfer.isAnswered { end(transfer, transfer.outcome(CURLE_OK)) }
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE,
                let transfer = Transfer.of(message.pointee.easy_handle)
            else { continue }
            let outcome = transfer.outcome(confd_curl_message_result(message))
            let request = transfer.exchange.request
            switch outcome {
            case .failure(let error) where transfer.mayHaveMetStaleConnection(error):
                pool.markUnknown(request)
                startAgain(transfer)
            case .failure:
                pool.markUnknown(request)
                end(transfer, outcome)
            case .success:
                if transfer.exchange.mode == .whole, request.sharesConnection { pool.remember(request) }
                end(transfer, outcome)
            }
        }
    }

    /// Ends transfers whose first byte is late; the milliseconds until the next one would be.
    private func endLateTransfers() -> Int {
        // Calls that share an HTTP/2 connection: about once in 8,000 calls libcurl 7.88 does not process bytes of one that it
        // read while it served another, and sleeps until its next timer (5 s). Calling it again processes them.
        var wait = transfers.values.contains { $0.mayHaveUnprocessedBytes } ? 5 : 60_000
        for transfer in transfers.values {
            guard let deadline = transfer.firstByteDeadline else { continue }
            let left = Int(ContinuousClock.now.duration(to: deadline).milliseconds(roundedUp: true))
            if left > 0 {
                wait = min(wait, left)
            } else {
                pool.markUnknown(transfer.exchange.request)
                end(transfer, .failure(transfer.firstByteFailure))
            }
        }
        return wait
    }

    /// Ends all transfers, which have lost their connections. Those on a kept connection are repeated instead: about once in
    /// 30,000 calls libcurl 7.88 does not read an answer that has arrived, and spins until the call's deadline.
    private func endAllForWaste() {
        pool = ConnectionPool()
        for transfer in transfers.values {
            if transfer.mayHaveMetStaleConnection(Connections.failure) {
                startAgain(transfer)
            } else {
                end(transfer, .failure(Connections.failure))
            }
        }
    }

    private func startAgain(_ transfer: Transfer) {
        curl_multi_remove_handle(multi, transfer.handle)
        start(transfer.exchange, reusing: false)
    }

    private func end(_ transfer: Transfer, _ outcome: Result<Response, HTTPError>) {
        curl_multi_remove_handle(multi, transfer.handle)
        transfers[ObjectIdentifier(transfer.exchange)] = nil
        transfer.exchange.finish(outcome)
    }
}

/// Which servers have a kept connection that worked a moment ago.
///
/// libcurl checks that itself, but takes a connection into a black hole for alive: after any failure, and after some time
/// without use, the next request gets a new connection.
private struct ConnectionPool {
    private static let lifetime = Duration.seconds(30)
    private var lastUse: [String: ContinuousClock.Instant] = [:]

    func hasConnection(for request: Request) -> Bool {
        guard let last = lastUse[request.origin] else { return false }
        return last.duration(to: .now) < ConnectionPool.lifetime
    }

    mutating func remember(_ request: Request) { lastUse[request.origin] = .now }

    mutating func markUnknown(_ request: Request) { lastUse[request.origin] = nil }
}

extension Request {
    /// Scheme, host and port of the URL, and the address or the socket to connect to.
    fileprivate var origin: String {
        var slashes = 0
        let server = url.utf8.prefix {
            if $0 == UInt8(ascii: "/") { slashes += 1 }
            return slashes < 3
        }
        return "\(Substring(server)) \(connectTo ?? "") \(unixSocket ?? "")"
    }
}

/// libcurl and OpenSSL are set up once a process, by the first thread that needs them.
let curlIsInitialized: Void = {
    curl_global_init(Int(CURL_GLOBAL_DEFAULT))
}()
