import Foundation
import Glibc
import TestSupport
import Testing

/// `-cache`: a daemon begins with the keys of the run before.
@Suite(.enabled(if: Machine.hasEtcd)) struct WarmStartTests {
    /// A daemon with a cache and a state directory.
    private func daemon(_ rig: FaultRig, _ more: String...) throws -> Child {
        try Child(
            rig.box.command(
                [
                    "-confdir", rig.box.confdir, "-watch", "-interval", "0", "-node", rig.node, "-cache",
                    rig.box.path("cache"),
                    "-state-dir", rig.box.path("state"), "-control-socket", rig.box.path("socket"),
                ] + more, confdir: false))
    }

    private func cacheFile(_ rig: FaultRig) -> String? {
        (try? rig.box.names("cache"))?.first { $0.hasSuffix(".keys") }.map { "cache/\($0)" }
    }

    /// Runs a daemon until it has written `value` of `/app` and kept the keys.
    private func runOnce(_ rig: FaultRig, _ value: String) async throws {
        try rig.resource("app", key: "/app")
        try rig.client.put("/app", value)
        let first = try daemon(rig)
        #expect(try await rig.holds("app", value), "\(first.standardError)")
        #expect(try await eventually { cacheFile(rig) != nil }, "\(first.standardError)")
        try await stop(first)
    }

    /// What the state directory says of the resource.
    private func record(_ rig: FaultRig) -> String? {
        (try? rig.box.names("state/resources"))?.first.flatMap { rig.box.read("state/resources/\($0)") }
    }

    private func isReady(_ rig: FaultRig) async throws -> String {
        try await run(
            ChildCommand(
                executable: "curl", arguments: ["-s", "--unix-socket", rig.box.path("socket"), "http://x/ready"],
                environment: Machine.environment)
        ).standardOutput
    }

    @Test func aMissingFileIsWrittenWhileEtcdIsAway() async throws {
        try await withRig { rig in
            try await runOnce(rig, "one")
            #expect(try rig.box.mode("cache") == 0o700 && rig.box.mode(cacheFile(rig) ?? "") == 0o600)
            rig.proxy.refuse()
            try FileManager.default.removeItem(atPath: rig.box.path("out/app"))
            let second = try daemon(rig)
            #expect(try await rig.holds("app", "one"), "\(second.standardError)")
            #expect(try await eventually(answer: { try await isReady(rig).contains("backend unhealthy: etcd") }))
            let wait = try await rig.box.confd(
                "wait", "-timeout", "1s", "-control-socket", rig.box.path("socket"), "-revision", "1", confdir: false)
            #expect(wait.exitCode == 5, "\(wait.testDescription)")
            try rig.client.put("/app", "two")
            try rig.proxy.accept()
            #expect(try await rig.holds("app", "two"), "\(second.standardError)")
            #expect(try await eventually(answer: { try await isReady(rig).hasPrefix("ok") }))
            try await stop(second)
        }
    }

    /// The command after `--` starts with the files that are there.
    @Test func aCommandStartsWhileEtcdIsAway() async throws {
        try await withRig { rig in
            try await runOnce(rig, "one")
            rig.proxy.refuse()
            let second = try daemon(
                rig, "--", "sh", "-c", "cat \(rig.box.out)/app >\(rig.box.root)/seen; exec sleep 1000")
            #expect(try await eventually { rig.box.read("seen") == "one\n" }, "\(second.standardError)")
            second.send(SIGTERM)
            _ = try await second.wait()
        }
    }

    /// The keys are kept at most every ten seconds, so a file may be newer than they are: it does not go back.
    @Test func aNewerFileStays() async throws {
        try await withRig { rig in
            try rig.resource("app", key: "/app", fields: "reload_cmd = \"\(rig.box.counting("reload"))\"")
            try rig.client.put("/app", "one")
            let first = try daemon(rig)
            #expect(try await eventually { cacheFile(rig) != nil }, "\(first.standardError)")
            let file = try #require(cacheFile(rig))
            let kept = try #require(rig.box.bytes(file))
            // Waits for the reload of "one": if "two" came before it had begun, there would be one reload for both.
            #expect(try await eventually { rig.box.runs(of: "reload") == 1 && record(rig) != nil })
            let before = record(rig)
            try rig.client.put("/app", "two")
            #expect(try await rig.holds("app", "two"), "\(first.standardError)")
            #expect(try await eventually { rig.box.runs(of: "reload") == 2 })
            #expect(try await eventually { record(rig) != before })
            first.send(SIGKILL)
            _ = try await first.wait()
            // On a busy machine ten seconds may have passed, and the new keys be kept: the old ones are put back.
            try Data(kept).write(to: URL(filePath: rig.box.path(file)))
            rig.proxy.refuse()
            let second = try daemon(rig)
            #expect(
                try await eventually {
                    second.standardError.contains("Backend etcd has never been reached")
                        || second.standardError.contains("connection refused")
                })
            #expect(rig.box.output("app") == "two\n")
            try rig.proxy.accept()
            try rig.client.put("/app", "three")
            #expect(try await rig.holds("app", "three"), "\(second.standardError)")
            try await stop(second)
        }
    }

    /// A store that was wiped and filled again is noticed, though its revision is higher.
    @Test func aReseededStoreIsNoticed() async throws {
        try await withRig { rig in
            try await runOnce(rig, "one")
            try await rig.etcd.deleteAll()
            for number in 1...20 { try rig.client.put("/other", "\(number)") }
            try rig.client.put("/app", "of the new store")
            let second = try daemon(rig)
            #expect(try await rig.holds("app", "of the new store"), "\(second.standardError)")
            try await stop(second)
        }
    }

    @Test(arguments: ["", "short", "damaged"])
    func aDamagedCacheIsIgnoredWithAWord(_ kind: String) async throws {
        try await withRig { rig in
            try await runOnce(rig, "one")
            let path = try #require(cacheFile(rig))
            var bytes = try #require(rig.box.bytes(path))
            switch kind {
            case "short": bytes.removeLast(8)
            case "damaged": bytes[40] ^= 1
            default: bytes = []
            }
            try Data(bytes).write(to: URL(fileURLWithPath: rig.box.path(path)))
            try rig.client.put("/app", "two")
            let second = try daemon(rig)
            #expect(try await rig.holds("app", "two"), "\(second.standardError)")
            let word = kind.isEmpty ? "it is no cache of confd" : "it is damaged"
            #expect(second.standardError.contains(".keys is ignored: \(word)"), "\(second.standardError)")
            try await stop(second)
        }
    }
}
