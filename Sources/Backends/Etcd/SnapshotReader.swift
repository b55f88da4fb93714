import KeyValue

/// Reads all keys of some spans from one endpoint, at one revision.
///
/// The first answer carries the revision, at which all further pages are read; several calls are in flight at a time.
struct SnapshotReader {
    let spans: [KeySpan]
    let channel: Channel
    let pageSize: Int
    let deadline: ContinuousClock.Instant
    /// Limit for the first byte of the first answer; nil is none.
    let firstByteTimeout: Duration?
    let token: String?

    private static let callsInFlight = 16
    /// More keys than fit into the largest answer: a page with this limit holds all keys.
    private static let allKeys = 1 << 24
    /// The most ranges in one transaction; etcd's own limit is 128 unless it is configured (`--max-txn-ops`).
    private static let transactionRanges = 100

    /// A requested page.
    private struct Page {
        /// The whole span, for messages.
        let span: KeySpan
        /// The part of it that is left to read.
        let rest: KeySpan
        let limit: Int
    }

    /// The state of one attempt.
    private struct Reading {
        let builder = Snapshot.Builder()
        /// The header of the first answer; its revision is 0 until that has arrived.
        var header = ResponseHeader()
        var limit: Int
        /// The newest revision in which one of the keys changed.
        var newestChange: Int64 = 0
        /// In key order, because the builder needs ascending keys.
        var inFlight: [(page: Page, call: Channel.Call)] = []
    }

    /// The snapshot, and the id of its cluster. If its revision is compacted meanwhile, the read starts over at a newer one with
    /// larger pages, and so with fewer calls; in the end everything is read in one call, which no compaction can interrupt.
    func read() throws(EtcdFailure) -> (Snapshot, cluster: UInt64) {
        var limit = pageSize
        var startsOver = false
        while true {
            do { return try attempt(limit) } catch {
                let isCompacted = error.refusal == .compacted
                if isCompacted, ContinuousClock.now < deadline {
                    startsOver = true
                    limit = min(limit * Self.growth, Self.allKeys)
                    continue
                }
                guard isCompacted || startsOver && error.isTimeOver else { throw error }
                throw EtcdFailure(channel.endpoint, .range(spans[0]), .answer(.compacted))
            }
        }
    }

    private func attempt(_ limit: Int) throws(EtcdFailure) -> (Snapshot, cluster: UInt64) {
        var reading = Reading(limit: limit)
        var waiting = spans[...]
        // While another endpoint is left to try, the first answer must come soon, however many keys there are.
        if firstByteTimeout == nil || limit > pageSize {
            try readFirst(limit == Self.allKeys ? Self.transactionRanges : 2, &waiting, &reading)
        }
        while !waiting.isEmpty || !reading.inFlight.isEmpty {
            while reading.inFlight.isEmpty
                || (reading.header.revision > 0 && reading.inFlight.count < SnapshotReader.callsInFlight),
                let span = waiting.popFirst()
            {
                let page = Page(span: span, rest: span, limit: reading.limit)
                reading.inFlight.append((page, start(page, reading)))
            }
            let (page, call) = reading.inFlight.removeFirst()
            let answer: (body: [UInt8], message: Range<Int>)
            do {
                answer = try call.wait()
            } catch {
                guard let smaller = smallerLimit(page, error) else { throw failure(page, .call(error)) }
                reading.limit = min(reading.limit, smaller)
                startAhead(Page(span: page.span, rest: page.rest, limit: smaller), &reading)
                continue
            }
            try take(answer.body, answer.message, of: page, &reading)
        }
        let snapshot = reading.builder.finish(
            revision: reading.header.revision, newestChange: reading.newestChange)
        return (snapshot, reading.header.cluster)
    }

    /// Reads the first `count` spans in one transaction. A directory is two spans, its own key and the keys below it, so few keys
    /// take one round trip. If etcd refuses the transaction (too large, no permission, not supported), nothing is read here, and
    /// the calls for single spans that follow report what is wrong with which span.
    private func readFirst(
        _ count: Int, _ waiting: inout ArraySlice<KeySpan>, _ reading: inout Reading
    ) throws(EtcdFailure) {
        guard waiting.count > 1, waiting[0].end.isEmpty else { return }
        let pages = waiting.prefix(count).map { Page(span: $0, rest: $0, limit: reading.limit) }
        let transaction = ReadTransaction(ranges: pages.map { request($0, revision: 0) })
        let call = channel.start(
            .transaction, transaction.encoded, token: token, deadline: deadline)
        let answer: (body: [UInt8], message: Range<Int>)
        do {
            answer = try call.wait()
        } catch .transport(let error) {
            if case .tooLarge = error.kind { return }
            throw failure(pages[0], .transport(error))
        } catch {
            return
        }
        let decoded = answer.body.withUnsafeBytes { try? ReadTransaction.decode($0, answer.message) }
        guard let decoded, decoded.answers.count == pages.count, decoded.header.revision > 0 else { return }
        reading.header = decoded.header
        waiting = waiting.dropFirst(pages.count)
        for (page, message) in zip(pages, decoded.answers) { try take(answer.body, message, of: page, &reading) }
    }

    private func start(_ page: Page, _ reading: Reading) -> Channel.Call {
        let revision = reading.header.revision
        return channel.start(
            .range, request(page, revision: revision).encoded, token: token, deadline: deadline,
            firstByte: revision == 0 ? firstByteTimeout : nil)
    }

    private func request(_ page: Page, revision: Int64) -> RangeRequest {
        let rest = page.rest
        return RangeRequest(
            key: rest.start, rangeEnd: rest.end, limit: rest.end.isEmpty ? 0 : Int64(page.limit), revision: revision)
    }

    /// Requests `page`, whose keys come before those of all pages in flight.
    private func startAhead(_ page: Page, _ reading: inout Reading) {
        reading.inFlight.insert((page, start(page, reading)), at: 0)
    }

    /// Requests the next page, and adds the keys of this one while etcd works on that.
    private func take(
        _ body: [UInt8], _ message: Range<Int>, of page: Page, _ reading: inout Reading
    ) throws(EtcdFailure) {
        let response = try decoding(body, page) { (bytes) throws(ProtobufError) in try RangeResponse(bytes, message) }
        if reading.header.revision == 0 { reading.header = response.header }
        guard reading.header.revision > 0 else { throw failure(page, .answer(.malformed("no revision"))) }
        if let rest = try rest(of: page, after: response, in: body) {
            reading.limit = grown(reading.limit, message.count)
            startAhead(Page(span: page.span, rest: rest, limit: reading.limit), &reading)
        }
        // Indexed in the one pass over the bytes, which the builder keeps.
        let chunk = reading.builder.adopt(chunk: body)
        try decoding(body, page) { (bytes) throws(ProtobufError) in
            let newest = try RangeResponse.forEachKey(bytes, message) { key, value, modified in
                reading.builder.append(chunk: chunk, keyRange: key, valueRange: value, modified: modified)
            }
            reading.newestChange = max(reading.newestChange, newest)
        }
    }

    private func decoding<Result>(
        _ body: [UInt8], _ page: Page, _ decode: (UnsafeRawBufferPointer) throws(ProtobufError) -> Result
    ) throws(EtcdFailure) -> Result {
        do {
            return try body.withUnsafeBufferPointer { bytes throws(ProtobufError) in
                try decode(UnsafeRawBufferPointer(bytes))
            }
        } catch {
            throw failure(page, .answer(.malformed(error.text)))
        }
    }

    /// The span of the next page. Each page must make progress, or a broken server could keep us reading for ever.
    private func rest(of page: Page, after response: RangeResponse, in body: [UInt8]) throws(EtcdFailure) -> KeySpan? {
        guard let last = response.lastKey else {
            guard !response.more else { throw failure(page, .answer(.malformed("a page without keys"))) }
            return nil
        }
        let (isInside, next) = body.withUnsafeBytes { bytes in
            (page.rest.contains(UnsafeRawBufferPointer(rebasing: bytes[last])), page.rest.rest(after: bytes[last]))
        }
        guard isInside else { throw failure(page, .answer(.malformed("a key outside of the range"))) }
        return response.more ? next : nil
    }

    /// The size that pages grow to, in bytes.
    private static let fullPage = 32 << 20
    /// A page has at most this many times the keys of the page before it: their values may be longer.
    private static let growth = 16

    /// The limit of the page after one of `size` bytes: as many keys as fill a page at the same mean size. For every page etcd
    /// counts all keys that are left, so with pages of one size its work would grow with the square of the keys.
    private func grown(_ limit: Int, _ size: Int) -> Int {
        let fitting = limit * min(Self.fullPage, channel.messageLimit / 2) / max(size, 1)
        return max(limit, min(fitting, Self.growth * limit))
    }

    /// The limit to try instead when a page was too large; `nil` if that cannot help.
    private func smallerLimit(_ page: Page, _ error: GRPCFailure) -> Int? {
        guard case .transport(let error) = error, case .tooLarge(let size) = error.kind, page.limit > 1,
            !page.rest.end.isEmpty
        else { return nil }
        // Half of what would fit if all values were equally long.
        let fitting = Double(page.limit) * Double(channel.messageLimit) / Double(max(size, 1)) / 2
        return max(1, min(page.limit / 2, Int(fitting)))
    }

    private func failure(_ page: Page, _ cause: EtcdFailure.Cause) -> EtcdFailure {
        // libcurl measures in milliseconds, and may give up just before our deadline.
        let isTimeOver = cause.isTimeout && ContinuousClock.now.advanced(by: .milliseconds(50)) >= deadline
        return EtcdFailure(channel.endpoint, .range(page.span), isTimeOver ? .timeIsOver : cause)
    }
}
