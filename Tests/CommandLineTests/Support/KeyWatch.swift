import Foundation
import TestSupport

/// When keys were written and deleted, as noted by `etcdctl watch` and a shell: the test itself may get no processor for
/// half a minute.
final class KeyWatch {
    struct Event: Equatable {
        /// Since 1970.
        let seconds: Double
        let kind: Kind
        let key: String
    }

    enum Kind: String {
        case put = "PUT"
        case delete = "DELETE"
    }

    private let child: Child

    /// Watches the keys below `/s/`; `access` has further options for etcdctl.
    init(_ etcd: Etcd, access: String = "") async throws {
        let script = """
            etcdctl --endpoints \(etcd.endpoint) \(access) watch --prefix /s/ |
            while read -r line; do echo "$(date +%s.%N) $line"; done
            """
        child = try Child(
            ChildCommand(executable: "/bin/sh", arguments: ["-c", script], environment: Machine.environment))
        // The watch shows no change from before its start, so a key is written until it is seen.
        let isThere = try await eventually {
            try await etcd.put("/s/watched", "x")
            return first(.put, "/s/watched") != nil
        }
        guard isThere else { throw SupportError("no watch: \(child.standardError)") }
    }

    /// All events of `key`, in their order.
    func events(of key: String) -> [Event] {
        let lines = child.standardOutput.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
        // A line with the kind, one with the key, one with the value.
        return lines.indices.dropLast().compactMap { index in
            guard lines[index].count == 2, lines[index + 1].count == 2, lines[index + 1][1] == key,
                let kind = Kind(rawValue: String(lines[index][1]))
            else { return nil }
            return Event(seconds: Double(lines[index][0]) ?? 0, kind: kind, key: key)
        }
    }

    private func first(_ kind: Kind, _ key: String, after start: Double = 0) -> Event? {
        events(of: key).first { $0.kind == kind && $0.seconds >= start }
    }

    /// Waits for an event, and returns when it was.
    func time(of kind: Kind, _ key: String, after start: Double = 0) async throws -> Double {
        guard try await eventually({ first(kind, key, after: start) != nil }),
            let event = first(kind, key, after: start)
        else { throw SupportError("no \(kind.rawValue) of \(key): \(child.standardOutput)") }
        return event.seconds
    }
}

/// Seconds since 1970, as in `KeyWatch` and `Recorder`.
func secondsNow() -> Double { Date().timeIntervalSince1970 }
