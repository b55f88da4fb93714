import HTTP
import KeyValue
import Posix

/// etcd's old v2 API: JSON over HTTP/1.1, as etcd up to 3.5 serves it with `--enable-v2=true`.
package final class EtcdV2Backend: Backend {
    let options: EtcdBackend.Options
    let members: Members
    let client = Client()

    /// Checks `options`; nothing is contacted yet.
    package init(_ options: EtcdBackend.Options) throws(BackendError) {
        var generator = SystemRandomNumberGenerator()
        members = try Members(options, using: &generator)
        self.options = options
    }

    package func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        let folders = KeySpan.folders(of: ranges)
        if folders.isEmpty { return Snapshot([]) }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try members.first(until: deadline) { endpoint, isLast throws(EtcdFailure) in
            try read(
                ranges, folders, endpoint, deadline, firstByteTimeout: isLast ? nil : EtcdBackend.failoverTime)
        }
    }

    /// How often folders are read one by one before all is read at once.
    private static let attempts = 3

    /// A read has no revision to ask for: several are at one only if nothing was written meanwhile. Where too much is
    /// written, everything up from the folder that they share is read in one.
    private func read(
        _ ranges: [KeyRange], _ folders: [[UInt8]], _ endpoint: Endpoint, _ deadline: ContinuousClock.Instant,
        firstByteTimeout: Duration?
    ) throws(EtcdFailure) -> Snapshot {
        let common = EtcdV2Backend.commonFolder(of: folders)
        while true {
            for _ in 0..<EtcdV2Backend.attempts {
                let answers = try read(folders, endpoint, deadline, firstByteTimeout)
                if answers.allSatisfy({ $0.index == answers[0].index }) { return try snapshot(of: ranges, answers) }
            }
            do {
                return try snapshot(of: ranges, try read([common], endpoint, deadline, firstByteTimeout))
            } catch {
                // What no resource names need not be open to us.
                guard case .refused(let refusal) = error.cause, refusal.isForbidden, folders != [common],
                    ContinuousClock.now < deadline
                else { throw error }
            }
        }
    }

    private struct Answer {
        let folder: [UInt8]
        let endpoint: Endpoint
        let index: Int64
        let body: [UInt8]
    }

    private static let callsUnderWay = 16

    private func read(
        _ folders: [[UInt8]], _ endpoint: Endpoint, _ deadline: ContinuousClock.Instant, _ firstByteTimeout: Duration?
    ) throws(EtcdFailure) -> [Answer] {
        var answers: [Answer] = []
        var waiting = folders[...]
        var calls: [(folder: [UInt8], call: PendingResponse)] = []
        while !waiting.isEmpty || !calls.isEmpty {
            // The first one alone, to find out whether the member works.
            let limit = answers.isEmpty ? 1 : EtcdV2Backend.callsUnderWay
            while calls.count < limit, let folder = waiting.popFirst() {
                var request = try request(endpoint, .get(folder), folder, query: "recursive=true&quorum=true")
                request.timeout = max(.milliseconds(1), ContinuousClock.now.duration(to: deadline))
                request.firstByteTimeout = answers.isEmpty ? firstByteTimeout : nil
                calls.append((folder, client.start(request)))
            }
            let (folder, call) = calls.removeFirst()
            let place = EtcdFailure.Place(endpoint: endpoint, call: .get(folder))
            let response = try place.wait(for: call, until: deadline)
            let index = try place.index(of: response)
            answers.append(Answer(folder: folder, endpoint: endpoint, index: index, body: response.body))
        }
        return answers
    }

    private func snapshot(of ranges: [KeyRange], _ answers: [Answer]) throws(EtcdFailure) -> Snapshot {
        let spans = KeySpan.covering(ranges)
        let builder = Snapshot.Builder()
        for answer in answers {
            do throws(EtcdV2Malformed) {
                try EtcdV2Document(answer.body).forEachKey { key, value in
                    let isWanted = key.withMemoryRebound(to: UInt8.self) { KeySpan.contains(Array($0), in: spans) }
                    if isWanted { builder.append(key: key, value: value) }
                }
            } catch {
                throw EtcdFailure(answer.endpoint, .get(answer.folder), .malformed(error.reason))
            }
        }
        return builder.finish(revision: answers[0].index)
    }

    /// The innermost folder that all of `folders` are in.
    static func commonFolder(of folders: [[UInt8]]) -> [UInt8] {
        guard var common = folders.first else { return [slash] }
        for folder in folders.dropFirst() {
            while !(folder + [slash]).starts(with: common == [slash] ? common : common + [slash]) {
                let parent = common.lastIndex(of: slash) ?? 0
                common = parent == 0 ? [slash] : Array(common[..<parent])
            }
        }
        return common
    }

    private static let slash = UInt8(ascii: "/")
}

// Requests.
extension EtcdV2Backend {
    /// A GET of the keys below `path`.
    func request(
        _ endpoint: Endpoint, _ call: EtcdFailure.Call, _ path: [UInt8], query: String
    ) throws(EtcdFailure) -> Request {
        var request = Request(
            url: "\(endpoint.url)/v2/keys\(EtcdV2Backend.escaped(path))?\(query)", method: .get, version: .http1)
        request.connectTo = endpoint.connectTo
        request.headers = [Header("user-agent", "confd")]
        if let credentials = options.credentials {
            let secret: [UInt8]
            do throws(BackendError) { secret = try credentials.secret() } catch {
                throw EtcdFailure(endpoint, call, .password(error))
            }
            request.headers.append(Header("authorization", Self.authorization(credentials.username, secret)))
        }
        request.tls = options.tls
        request.connectTimeout = options.dialTimeout
        request.bodyLimit = EtcdV2Backend.bodyLimit
        return request
    }

    /// A token stands for itself.
    private static func authorization(_ username: String?, _ secret: [UInt8]) -> String {
        guard let username else { return "Bearer " + String(decoding: secret, as: UTF8.self) }
        return "Basic " + Base64.encoded(Array(username.utf8) + [UInt8(ascii: ":")] + secret)
    }

    /// An answer cannot be asked for in pages, so it may be larger than a page of the v3 API.
    private static let bodyLimit = MemoryLimit.bounded(512 << 20, to: 4)

    /// `path` as it stands in a URL (RFC 3986).
    static func escaped(_ path: [UInt8]) -> String {
        path.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), slash:
                text.unicodeScalars.append(UnicodeScalar(byte))
            default:
                text += byte < 16 ? "%0" : "%"
                text += String(byte, radix: 16, uppercase: true)
            }
        }
    }
}

// Answers.
extension EtcdFailure {
    /// Where a call goes, for the failure it may end with.
    struct Place {
        let endpoint: Endpoint
        let call: Call

        func failure(_ cause: Cause) -> EtcdFailure { EtcdFailure(endpoint, call, cause) }

        /// The answer of the v2 API; a key that is not there is an answer too.
        func wait(for call: PendingResponse, until deadline: ContinuousClock.Instant) throws(EtcdFailure) -> Response {
            let response: Response
            do { response = try call.wait() } catch {
                // libcurl's clock has another grain than ours.
                let isLate = ContinuousClock.now.advanced(by: .milliseconds(50)) >= deadline
                throw failure(error.kind == .answerTimeout && isLate ? .timeIsOver : .call(.transport(error)))
            }
            guard response.head.status != 200 else { return response }
            let refusal = EtcdV2Refusal(response)
            if refusal.isMissingKey { return response }
            throw failure(.refused(refusal))
        }

        /// The index that the store had when the answer was made.
        func index(of response: Response) throws(EtcdFailure) -> Int64 {
            guard let text = response.head.headers.first(named: "x-etcd-index"), let index = Int64(text), index >= 0
            else { throw failure(.malformed("no X-Etcd-Index")) }
            return index
        }
    }
}
