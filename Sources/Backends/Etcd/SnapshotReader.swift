import HTTP
import KeyValue

/// Reads all keys of some spans from one endpoint, at one revision.
///
/// The first page is read alone: its revision is asked for in all that follow, several of which are under way at a time.
struct SnapshotReader {
    let spans: [KeySpan]
    let channel: Channel
    let pageSize: Int
    let deadline: ContinuousClock.Instant
    /// How long the first byte of the first answer may take.
    let firstByteTimeout: Duration?

    private static let callsUnderWay = 16
    private static let attempts = 5

    /// A page that was asked for.
    private struct Page {
        /// As the operator knows it, for messages.
        let span: KeySpan
        /// What is left of it.
        let rest: KeySpan
        let limit: Int
        let call: Channel.Call
    }

    /// The snapshot, and the cluster that it is of. When its revision is compacted meanwhile, reading starts over at a newer one.
    func read(token: String?) throws(EtcdFailure) -> (Snapshot, cluster: UInt64) {
        for _ in 0..<SnapshotReader.attempts {
            do { return try attempt(token: token) } catch  where error.refusal == .compacted { continue }
        }
        throw EtcdFailure(channel.endpoint, .range(spans[0]), .compacted)
    }

    private func attempt(token: String?) throws(EtcdFailure) -> (Snapshot, cluster: UInt64) {
        let builder = Snapshot.Builder()
        var revision: Int64 = 0
        var cluster: UInt64 = 0
        var limit = pageSize
        var waiting = spans[...]
        var pages: [Page] = []
        while !waiting.isEmpty || !pages.isEmpty {
            // In order, so that keys reach the builder ascending.
            while pages.isEmpty || (revision > 0 && pages.count < SnapshotReader.callsUnderWay),
                let span = waiting.popFirst()
            {
                pages.append(start(span, span, limit: limit, revision: revision, token: token))
            }
            let page = pages.removeFirst()
            let answer: (body: [UInt8], message: Range<Int>)
            do {
                answer = try page.call.wait()
            } catch {
                guard let smaller = smallerLimit(page, error) else { throw failure(page, .call(error)) }
                limit = min(limit, smaller)
                pages.insert(start(page.span, page.rest, limit: smaller, revision: revision, token: token), at: 0)
                continue
            }
            let response = try add(answer.body, answer.message, of: page, to: builder)
            if revision == 0 {
                revision = response.header.revision
                cluster = response.header.cluster
            }
            guard revision > 0 else { throw failure(page, .malformed("no revision")) }
            if let rest = try rest(of: page, after: response, in: answer.body) {
                limit = grown(limit, answer.body.count)
                pages.insert(start(page.span, rest, limit: limit, revision: revision, token: token), at: 0)
            }
        }
        return (builder.finish(revision: revision), cluster)
    }

    private func start(_ span: KeySpan, _ rest: KeySpan, limit: Int, revision: Int64, token: String?) -> Page {
        let request = RangeRequest(
            key: rest.start, rangeEnd: rest.end, limit: rest.end.isEmpty ? 0 : Int64(limit), revision: revision)
        let call = channel.start(
            .range, request.encoded, token: token, deadline: deadline,
            firstByte: revision == 0 ? firstByteTimeout : nil)
        return Page(span: span, rest: rest, limit: limit, call: call)
    }

    /// Indexes the page's keys in the one pass over its bytes, which the builder keeps.
    private func add(
        _ body: [UInt8], _ message: Range<Int>, of page: Page, to builder: Snapshot.Builder
    ) throws(EtcdFailure) -> RangeResponse {
        let chunk = builder.adopt(chunk: body)
        do {
            return try body.withUnsafeBufferPointer { bytes throws(ProtobufError) in
                try RangeResponse.decode(UnsafeRawBufferPointer(bytes), message) { key, value in
                    builder.append(chunk: chunk, keyRange: key, valueRange: value)
                }
            }
        } catch {
            throw failure(page, .malformed(error.text))
        }
    }

    /// What has to be asked for next. Every page must get further, or a broken server could keep us reading for ever.
    private func rest(of page: Page, after response: RangeResponse, in body: [UInt8]) throws(EtcdFailure) -> KeySpan? {
        guard let last = response.lastKey else {
            guard !response.more else { throw failure(page, .malformed("a page without keys")) }
            return nil
        }
        let (isInside, next) = body.withUnsafeBytes { bytes in
            (page.rest.contains(UnsafeRawBufferPointer(rebasing: bytes[last])), page.rest.rest(after: bytes[last]))
        }
        guard isInside else { throw failure(page, .malformed("a key outside of the range")) }
        return response.more ? next : nil
    }

    /// What a page may grow to, in bytes.
    private static let fullPage = 16 << 20

    /// The limit of the page after one of `size` bytes. etcd walks over all keys that are left to count them, for every
    /// page: were all pages alike, twice the keys would cost it four times the work.
    private func grown(_ limit: Int, _ size: Int) -> Int {
        2 * size <= min(Self.fullPage, channel.messageLimit) ? 2 * limit : limit
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
        // libcurl's clock has another grain than ours.
        let isTimeOver = cause.isTimeout && ContinuousClock.now.advanced(by: .milliseconds(50)) >= deadline
        return EtcdFailure(channel.endpoint, .range(page.span), isTimeOver ? .timeIsOver : cause)
    }
}
