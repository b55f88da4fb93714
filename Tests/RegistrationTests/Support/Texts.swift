import Backends
import Registration

/// The bytes of `text`.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension Service {
    /// A service whose key and value are texts.
    init(
        _ key: String, _ value: String = "up", downValue: String? = nil, ttl: Duration = .seconds(10),
        drain: Duration = .zero, onConflict: OnConflict = .wait, onStop: OnStop = .delete
    ) {
        self.init(
            key: bytes(key), value: bytes(value), downValue: downValue.map(bytes), ttl: ttl, drain: drain,
            onConflict: onConflict, onStop: onStop)
    }
}

extension Simulation {
    /// The store's keys and values as text.
    var texts: [String: String] {
        Dictionary(
            uniqueKeysWithValues: store.keys.map {
                (String(decoding: $0.key, as: UTF8.self), String(decoding: $0.value.value, as: UTF8.self))
            })
    }

    /// The reports since the last call.
    mutating func takeReports(_ node: Int = 0) -> [Report] {
        defer { nodes[node].reports = [] }
        return nodes[node].reports
    }
}
