import Backends
import Testing

@testable import Registration

/// Down marks in values, lease ids, and the messages of reports.
@Suite struct ValueTests {
    @Test(arguments: [
        ("{}", #"{"down": true}"#),
        (#"{"host": "a", "port": 1}"#, #"{"host": "a", "port": 1, "down": true}"#),
        (" {\n  \"a\": {\"down\": 1}\n}\n", " {\n  \"a\": {\"down\": 1}\n, \"down\": true}\n"),
        (#"{"down": false, "a": 1}"#, #"{"down": true, "a": 1}"#),
        (#"{"down": 0}"#, #"{"down": true}"#),
        (#"{"d\u006fwn":null}"#, #"{"d\u006fwn":true}"#),
        (#"{"down": true}"#, #"{"down": true}"#),
        (#"{"down": 1, "down": false}"#, #"{"down": 1, "down": true}"#),
    ])
    func marks(_ value: String, _ expected: String) throws {
        #expect(String(decoding: try DownMark.set(in: bytes(value)), as: UTF8.self) == expected)
    }

    @Test(arguments: [
        ("[1]", #"not a JSON object, which on_fall = "mark" needs"#),
        ("1.2.3.4:80", nil),
        ("", nil),
        (#"{"down": "no"}"#, #"its member "down" is not true or false"#),
        (#"{"down": {}}"#, #"its member "down" is not true or false"#),
    ])
    func refusesToMark(_ value: String, _ message: String?) {
        do throws(DownMark.Failure) {
            _ = try DownMark.set(in: bytes(value))
            Issue.record("marked")
        } catch {
            if let message {
                #expect(error.message == message)
            } else {
                #expect(error.message.hasPrefix(#"not a JSON object, which on_fall = "mark" needs: "#))
            }
        }
    }

    /// Lease ids are kept in stores and state files, so they must not change between versions.
    @Test func leaseIDs() {
        let identity = LeaseIdentity(machine: "m", boot: "b", host: "h", purpose: "/etc/confd")
        #expect(identity.lease(seconds: 10) == identity.lease(seconds: 10))
        #expect(identity.lease(seconds: 10).id == 9_049_129_807_317_057_728)
        let others = [
            LeaseIdentity(machine: "m2", boot: "b", host: "h", purpose: "/etc/confd"),
            LeaseIdentity(machine: "m", boot: "b2", host: "h", purpose: "/etc/confd"),
            LeaseIdentity(machine: "m", boot: "b", host: "h2", purpose: "/etc/confd"),
            LeaseIdentity(machine: "m", boot: "b", host: "h", purpose: "/etc/confd2"),
            // The same letters, split elsewhere.
            LeaseIdentity(machine: "mb", boot: "", host: "h", purpose: "/etc/confd"),
        ]
        let ids = others.map { $0.lease(seconds: 10).id } + [10, 11].map { identity.lease(seconds: $0).id }
        #expect(Set(ids).count == ids.count && ids.allSatisfy { $0 > 0 })
    }

    @Test func ofThisMachine() {
        let identity = LeaseIdentity.current(purpose: "/etc/confd")
        #expect(identity == LeaseIdentity.current(purpose: "/etc/confd"))
        #expect(!identity.host.isEmpty && !identity.boot.isEmpty)
    }

    @Test(
        arguments: [(.seconds(10), 10), (.milliseconds(1), 1), (.zero, 1), (.milliseconds(2_001), 3)]
            as [(Duration, Int64)])
    func timesToLive(_ ttl: Duration, _ seconds: Int64) {
        #expect(Service("/a", ttl: ttl).seconds == seconds)
    }

    @Test(
        arguments: [
            (.registered(key: bytes("/a"), wasThere: false), "/a is registered"),
            (.registered(key: bytes("/a"), wasThere: true), "/a is registered: it was there already"),
            (.updated(key: bytes("/a\n")), "/a\\n is registered with a new value"),
            (.marked(key: bytes("/a")), "/a is marked as down"),
            (.removed(key: bytes("/a")), "/a is removed"),
            (
                .conflict(key: bytes("/a"), .lease(255), waits: true),
                "/a is not registered: somebody else holds the key with lease ff, waiting until it is gone"
            ),
            (
                .conflict(key: bytes("/a"), .nobody, waits: false),
                "/a is not registered: the key is there without a lease"
            ),
            (.conflict(key: bytes("/a"), .unknown, waits: false), "/a is not registered: somebody else holds the key"),
            (.refused(key: bytes("/a"), BackendError(.unreachable, "no", hint: "do")), "no"),
            (.lost(key: bytes("/a")), "/a had been deleted by somebody else, it is registered again"),
            (.leaseEnded(keys: 2), "the lease of 2 registered keys ended in the store, registering again"),
            (
                .longerLease(asked: .seconds(1), granted: .seconds(2)),
                "ttl 1s is less than the store grants, it is 2s"
            ),
            (.unreachable(BackendError(.unreachable, "no")), "services are neither registered nor kept alive: no"),
            (.reachedAgain, "services can be registered and kept alive again"),
            (
                .notRemoved(keys: [Array("/a".utf8)], within: .seconds(10)),
                "1 registered key could not be removed, the lease ends within 10s: /a"
            ),
            (
                .notRemoved(keys: (1...5).map { Array("/\($0)".utf8) }, within: .seconds(10)),
                "5 registered keys could not be removed, the lease ends within 10s: /1, /2, /3 and 2 more"
            ),
        ] as [(Report, String)])
    func words(_ report: Report, _ message: String) {
        #expect(report.message == message)
    }

    @Test func hintsAreThoseOfTheStore() {
        let error = BackendError(.unreachable, "no", hint: "do")
        #expect(Report.unreachable(error).hint == "do" && Report.refused(key: bytes("/a"), error).hint == "do")
        #expect(Report.reachedAgain.hint == nil && Report.unreachable(BackendError(.unreachable, "no")).hint == nil)
    }
}
