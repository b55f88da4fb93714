import HTTP

/// A write of one key by the v2 API, which happens only if the key has the version (`modifiedIndex`) and value that are expected.
struct EtcdV2Write {
    enum Change {
        /// The key expires after this many seconds without another write.
        case put([UInt8], seconds: Int64)
        /// Keeps the value for this many seconds more; watchers of the key get no event.
        case refresh(seconds: Int64)
        case delete
    }

    let key: [UInt8]
    let change: Change
    /// nil: the key must not be there.
    let expected: StoredKey?

    /// A longer value is left out of the condition, for servers limit the length of a URL.
    private static let longestValue = 64 << 10

    var call: EtcdFailure.Call {
        switch change {
        case .put, .refresh: .put(key)
        case .delete: .delete(key)
        }
    }

    /// Whether it only reads: a key that is expected to be absent is not deleted.
    var isRead: Bool {
        if case .delete = change { expected == nil } else { false }
    }

    /// Makes `request`, a read of the key, this write.
    func complete(_ request: inout Request) {
        switch change {
        case .put(let value, let seconds):
            send("ttl=\(seconds)&value=\(percentEncoded(value[...]))", in: &request)
        case .refresh(let seconds): send("ttl=\(seconds)", in: &request)
        case .delete: if !isRead { request.method = .delete }
        }
    }

    /// The condition, as the query of a URL.
    var query: String {
        switch change {
        case .put: expectation ?? "prevExist=false"
        case .refresh: "prevExist=true&refresh=true" + (expectation.map { "&" + $0 } ?? "")
        case .delete: expectation ?? "quorum=true"
        }
    }

    private var expectation: String? {
        guard let expected else { return nil }
        let index = "prevIndex=\(expected.version)"
        // An empty value cannot be asked for.
        let hasValue = !expected.value.isEmpty && expected.value.count <= Self.longestValue
        return hasValue ? index + "&prevValue=\(percentEncoded(expected.value[...]))" : index
    }

    private func send(_ form: String, in request: inout Request) {
        request.method = .put
        request.headers.append(Header("content-type", "application/x-www-form-urlencoded"))
        request.body = Array(form.utf8)
    }

    /// The outcome of a write that was done, by the answer.
    func outcome(_ document: EtcdV2Document) throws(EtcdV2Malformed) -> WriteOutcome {
        let node = try document.storedKey()
        switch change {
        case .put, .refresh: return .put(version: node.version)
        case .delete: return isRead ? .found(node) : .absent
        }
    }
}

extension EtcdV2Refusal {
    /// The key has another version than the one that was expected, or is there at all.
    var isOtherVersion: Bool { code == 101 || code == 105 }
    /// The key is not there.
    var isAbsence: Bool { code == 100 }
    /// etcd, reached and in order, will not do this one write. From 300 on it is not in order.
    var concernsOneWrite: Bool { isForbidden || code.map { (100..<300).contains($0) } ?? false }
}
