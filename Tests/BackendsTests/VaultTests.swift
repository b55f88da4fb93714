import Foundation
import KeyValue
import TestSupport
import Testing

@testable import Backends

/// Reading from a real vault (OpenBao), and the ways to log in there.
@Suite(.enabled(if: VaultServer.program != nil, "CONFD_TEST_BAO names no OpenBao: make test-vault"))
struct VaultTests {
    let server: VaultServer

    init() throws { server = try VaultServer.shared.get() }

    /// A case of `Golden/vault-keys.json`.
    struct Recorded: Sendable {
        let name: String
        let writes: [(path: String, body: String)]
        let keys: [String]
        let confd: [String: String]

        static func all() throws -> [Recorded] {
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            let data = try Data(contentsOf: folder.appendingPathComponent("Golden/vault-keys.json"))
            let rows = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
            return try rows.map { row in
                let writes = try #require(row["writes"] as? [[String: Any]]).map { write in
                    let body = try JSONSerialization.data(withJSONObject: try #require(write["body"]))
                    return (try #require(write["path"] as? String), String(decoding: body, as: UTF8.self))
                }
                return Recorded(
                    name: try #require(row["name"] as? String), writes: writes,
                    keys: try #require(row["keys"] as? [String]),
                    confd: try #require(row["confd"] as? [String: String]))
            }
        }
    }

    @Test func readsTheKeysThatConfdReads() throws {
        let server = try VaultServer()
        let backend = try server.backend()
        for recorded in try Recorded.all() {
            for path in ["kv/app", "kv/app/a", "kv/app/sub/b", "kv/app2"] { _ = try server.call("DELETE", path) }
            for write in recorded.writes { try server.expect(server.call("POST", write.path, write.body)) }
            let ranges = recorded.keys.map { key in
                KeyRange(cleaned: Array((key.hasSuffix("/") ? String(key.dropLast()) : key).utf8))
            }
            let found = try backend.snapshot(of: ranges, timeout: .seconds(20)).texts
            #expect(found == recorded.confd, "\(recorded.name)")
        }
    }

    /// With version 2, a path may leave out the API's `data` and `metadata`.
    @Test func readsVersionTwo() throws {
        try server.expect(server.call("POST", "secret/data/two/app", #"{"data":{"user":"u1","pass":"p"}}"#))
        try server.expect(server.call("POST", "secret/data/two/app", #"{"data":{"user":"u2"}}"#))
        try server.expect(server.call("POST", "secret/data/two/sub/b", #"{"data":{"value":"x"}}"#))
        try server.expect(server.call("POST", "secret/data/two/gone", #"{"data":{"value":"x"}}"#))
        try server.expect(server.call("DELETE", "secret/data/two/gone"))
        let backend = try server.backend()
        let expected = ["/secret/two/app": #"{"user":"u2"}"#, "/secret/two/app/user": "u2", "/secret/two/sub/b": "x"]
        #expect(try backend.read("/secret/two") == expected)
        let plain = try backend.read("/secret/data/two/app")
        #expect(plain["/secret/data/two/app/data/user"] == "u2")
        #expect(plain["/secret/data/two/app/metadata/created_time"] != nil)
    }

    @Test func logsInInEveryWay() throws {
        try server.write("login/a", #"{"value":"1"}"#)
        try server.expect(
            server.call(
                "PUT", "sys/policies/acl/login", #"{"policy":"path \"kv/login/*\" {capabilities=[\"read\",\"list\"]}"}"#
            ))
        try server.expect(server.call("POST", "sys/auth/approle", #"{"type":"approle"}"#))
        try server.expect(server.call("POST", "sys/auth/people", #"{"type":"userpass"}"#))
        try server.expect(
            server.call("POST", "auth/people/users/ann", #"{"password":"s3cret-pass","token_policies":"login"}"#))
        try server.expect(server.call("POST", "auth/approle/role/app", #"{"token_policies":"login"}"#))
        func field(_ text: String, _ name: String) throws -> String {
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            return try #require((object?["data"] as? [String: Any])?[name] as? String)
        }
        let role = try field(server.expect(server.call("GET", "auth/approle/role/app/role-id")), "role_id")
        let secret = try field(server.expect(server.call("POST", "auth/approle/role/app/secret-id", "{}")), "secret_id")
        let rows = [
            ["auth-type": "token", "auth-token": VaultServer.rootToken],
            ["auth-type": "app-role", "role-id": role, "secret-id": secret],
            ["auth-type": "userpass", "path": "people", "username": "ann", "password": "s3cret-pass"],
        ]
        for values in rows {
            #expect(
                try server.backend(values).read("/kv/login") == ["/kv/login/a": "1"], "\(values["auth-type"] ?? "")")
        }
        let refused = [
            (["auth-type": "token", "auth-token": "s3cret-guess"], "log in: refused (HTTP status 403)"),
            (["auth-type": "app-role", "role-id": role, "secret-id": "s3cret"], "log in: refused (HTTP status 400)"),
            (
                ["auth-type": "userpass", "path": "people", "username": "ann", "password": "s3cret-guess"],
                "log in: refused (HTTP status 400)"
            ),
            (["auth-type": "github", "auth-token": "s3cret"], "log in: refused (HTTP status 403)"),
        ]
        for (values, message) in refused {
            let failure = try #require(try server.backend(values).failure("/kv/login"))
            #expect(failure.message == "vault: \(server.url): \(message)")
            #expect(failure.hint?.contains("-auth-type") == true && failure.hint?.contains("s3cret") == false)
        }
        // What the policy does not allow.
        let failure = try #require(try server.backend(rows[2]).failure("/kv/login", "/kv/other"))
        #expect(failure.message.hasPrefix("vault: \(server.url): read \"/kv/other\": "))
        #expect(failure.hint == "a policy of the token has to allow read and list: path \"kv/other/*\"")
    }

    /// Tokens with a ttl of 2 s and a maximum of 5 s: they are renewed, and later there is a new login.
    @Test func outlivesItsTokens() throws {
        try server.write("short/a", #"{"value":"1"}"#)
        try server.expect(
            server.call(
                "PUT", "sys/policies/acl/short", #"{"policy":"path \"kv/short/*\" {capabilities=[\"read\",\"list\"]}"}"#
            ))
        try server.expect(server.call("POST", "sys/auth/short", #"{"type":"userpass"}"#))
        try server.expect(
            server.call(
                "POST", "auth/short/users/ann",
                #"{"password":"p","token_policies":"short","token_ttl":"2s","token_max_ttl":"5s"}"#))
        let values = ["auth-type": "userpass", "path": "short", "username": "ann", "password": "p"]
        let watched = try server.backend(values)
        let following = try Following(watched, "/kv/short")
        let polled = try server.backend(values)
        #expect(try polled.read("/kv/short") == ["/kv/short/a": "1"])
        #expect(following.sees(["/kv/short/a": "1"]))
        // Longer than the tokens' maximum.
        _ = eventuallyBlocking(seconds: 7) { false }
        #expect(try polled.read("/kv/short") == ["/kv/short/a": "1"])
        #expect(try watched.read("/kv/short") == ["/kv/short/a": "1"])
        #expect(following.failures == [] && following.deliveries == 1)
        // Revoked by somebody.
        try server.expect(server.call("POST", "sys/leases/revoke-force/auth/short/login", "{}"))
        #expect(try polled.read("/kv/short") == ["/kv/short/a": "1"])
        #expect(following.stop())
    }

    /// Cut, silent, slow, sealed, killed, back with nothing in it.
    @Test func namesWhatHappensToTheServer() throws {
        let port = try Ports.free()
        var server: VaultServer? = try VaultServer(port: port)
        for number in 0..<30 { try server?.write("chaos/\(number)", #"{"value":"\#(number)"}"#) }
        let proxy = try Proxy(to: port)
        func backend() throws -> VaultBackend { try #require(server).backend(through: proxy.port) }
        let name = "vault: http://127.0.0.1:\(proxy.port): "
        #expect(try backend().read("/kv/chaos").count == 30)
        let size = proxy.sent
        var failed = 0
        for part in 0..<20 {
            proxy.truncate(after: part * size / 20)
            let backend = try backend()
            do throws(BackendError) {
                let range = KeyRange(cleaned: Array("/kv/chaos".utf8))
                #expect(try backend.snapshot(of: [range], timeout: .seconds(5)).count == 30)
            } catch {
                failed += 1
                #expect(error.message.hasPrefix(name) && !error.message.contains("s3cret"))
            }
            proxy.cut()
        }
        #expect(failed > 0)
        proxy.truncate(after: .max)
        let kept = try backend()
        #expect(try kept.read("/kv/chaos").count == 30)
        proxy.hold()
        #expect(try #require(kept.failure("/kv/chaos", timeout: .seconds(1))).message.hasPrefix(name))
        proxy.release()
        proxy.cut()
        proxy.delay(0.02)
        #expect(try kept.read("/kv/chaos", timeout: .seconds(60)).count == 30)
        proxy.delay(0)
        try #require(server).expect(try #require(server).call("PUT", "sys/seal", "{}"))
        let sealed = try #require(kept.failure("/kv/chaos"))
        #expect(sealed.message.hasPrefix(name) && sealed.hint == "vault is sealed or not ready: vault status")
        server = nil
        #expect(try #require(kept.failure("/kv/chaos")).message.hasPrefix(name))
        server = try VaultServer(port: port)
        #expect(try kept.read("/kv/chaos") == [:])
        try server?.write("chaos/new", #"{"value":"n"}"#)
        #expect(try kept.read("/kv/chaos") == ["/kv/chaos/new": "n"])
    }
}
