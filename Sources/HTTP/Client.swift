import Posix
import Synchronization

/// Sends requests. All of libcurl runs on one thread that the client starts with the first request and that ends with the
/// client; connections are kept and shared there.
package final class Client: Sendable {
    private let loop = Mutex<Loop?>(nil)

    /// Makes a client; nothing is started yet.
    package init() {}

    deinit {
        // deinit runs alone, so the lock is free; the thread cleans up after itself.
        loop.withLock { $0 }?.stop()
    }

    /// Sends `request` and waits for the whole answer.
    package func perform(_ request: Request) throws(HTTPError) -> Response {
        try start(request).wait()
    }

    /// Sends `request` without waiting for the answer.
    package func start(_ request: Request) -> PendingResponse {
        PendingResponse(client: self, exchange: begin(request, mode: .whole))
    }

    /// Sends `request` without waiting, and calls `whenDone` with the outcome once, possibly on the client's thread, which it must
    /// not keep.
    package func start(
        _ request: Request, whenDone: @escaping @Sendable (Result<Response, HTTPError>) -> Void
    ) -> PendingResponse {
        PendingResponse(client: self, exchange: begin(request, mode: .whole, whenDone: whenDone))
    }

    /// Opens a stream: `request.body` is not used, both directions stay open. It has a connection of its own.
    package func open(_ request: Request) -> Stream {
        Stream(client: self, exchange: begin(request, mode: .stream))
    }

    private func begin(
        _ request: Request, mode: Exchange.Mode,
        whenDone: (@Sendable (Result<Response, HTTPError>) -> Void)? = nil
    ) -> Exchange {
        let exchange = Exchange(request, mode: mode, whenDone: whenDone)
        let loop = loop.withLock { loop in
            if loop == nil { loop = Loop.started() }
            return loop
        }
        if let loop {
            loop.begin(exchange)
        } else {
            exchange.finish(.failure(HTTPError(.other, detail: "no thread can be started")))
        }
        return exchange
    }

    fileprivate func wake(_ exchange: Exchange) {
        loop.withLock { $0 }?.wake(exchange)
    }
}

/// A request in flight. Dropping it cancels the request.
package final class PendingResponse: Sendable {
    private let client: Client
    private let exchange: Exchange

    fileprivate init(client: Client, exchange: Exchange) {
        self.client = client
        self.exchange = exchange
    }

    deinit { cancel() }

    /// Ends the request at once; `wait` then throws `cancelled`. May be called from any thread.
    package func cancel() {
        if exchange.cancel() { client.wake(exchange) }
    }

    /// Whether a connection was made, TLS included; the answer may still be awaited.
    package var isConnected: Bool { exchange.isConnected }

    /// Waits for the whole answer.
    package func wait() throws(HTTPError) -> Response { try exchange.wait() }

    /// Waits for the whole answer; `cancellation` ends the request.
    package func wait(_ cancellation: Cancellation?) throws(HTTPError) -> Response {
        cancellation?.onCancel { [self] in cancel() }
        // The handler would keep the answer in memory.
        defer { cancellation?.onCancel {} }
        return try wait()
    }
}

/// An event of a stream: one head, any number of bytes, one end.
package enum StreamEvent: Equatable, Sendable {
    case head(ResponseHead)
    case bytes([UInt8])
    /// The peer closed its direction in good order.
    case end(trailers: [Header])
}

/// A request whose both directions stay open. Dropping it cancels it.
package final class Stream: Sendable {
    private let client: Client
    private let exchange: Exchange

    fileprivate init(client: Client, exchange: Exchange) {
        self.client = client
        self.exchange = exchange
    }

    deinit { cancel() }

    /// Queues `bytes` to be sent; never waits.
    package func send(_ bytes: [UInt8]) {
        exchange.send(bytes)
        client.wake(exchange)
    }

    /// Closes our direction once everything that is queued has been sent.
    package func finishSending() {
        exchange.finishSending()
        client.wake(exchange)
    }

    /// The next event, `nil` if there is none until `deadline`. Flow control stops the peer when 1 MiB is not taken.
    package func next(until deadline: ContinuousClock.Instant) throws(HTTPError) -> StreamEvent? {
        try exchange.next(until: deadline) { client.wake(exchange) }
    }

    /// Ends both directions at once; `next` then throws `cancelled`.
    package func cancel() {
        if exchange.cancel() { client.wake(exchange) }
    }
}
