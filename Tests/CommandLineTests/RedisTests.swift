import Foundation
import Glibc
import TestSupport
import Testing

/// The program with a real redis.
@Suite(.enabled(if: Machine.hasRedis, "redis-server and redis-cli are not installed"))
struct RedisTests {
    @Test func rendersOnce() async throws {
        try await withSandbox { box in
            let redis = try await RedisServer.start(password: "s3cret")
            try await redis.set(["app:name": "shop"])
            try await redis.cli(["HSET", "app:db", "host", "10.0.0.7", "port", "5432"])
            try box.resource(
                "app", keys: ["/app"],
                template: "{{getv \"/app/name\"}} {{range gets \"/app/db/*\"}}{{.Key}}={{.Value}} {{end}}\n")
            // As confd 0.17 takes the password.
            let done = try await box.confd(
                "-onetime", "-backend", "redis", "-node", redis.node, "-separator", ":", "-client-key", "s3cret")
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "shop /app/db/host=10.0.0.7 /app/db/port=5432 \n")
            for arguments in [["-client-key", "s3cret-guess"], []] {
                let done = try await run(
                    box.command(["redis", "-onetime", "-node", redis.node, "-separator", ":"] + arguments))
                #expect(done.exitCode == 4, "\(done.testDescription)")
                #expect(done.standardError.contains("redis: \(redis.node): ") && !done.standardError.contains("s3cret"))
            }
        }
    }

    /// The server is stopped, comes back empty, and is suspended for a while.
    @Test func survivesWhatHappensToTheServer() async throws {
        try await withSandbox { box in
            let redis = try await RedisServer.start(password: "s3cret")
            try await redis.set(["/app/name": "one"])
            try box.write("password", "s3cret\n")
            try box.resource("app", keys: ["/app"], template: "{{getv \"/app/name\" \"none\"}}\n")
            let daemon = try box.start(
                "-watch", "-backend", "redis", "-node", redis.node, "-password-file", box.path("password"))
            #expect(try await eventually { box.output("app") == "one\n" })
            try await redis.set(["/app/name": "two"])
            #expect(try await eventually { box.output("app") == "two\n" })
            redis.stop()
            #expect(try await eventually { daemon.standardError.contains("connect: connection refused") })
            #expect(box.output("app") == "two\n")
            try await redis.start()
            #expect(try await eventually { box.output("app") == "none\n" })
            redis.signal(SIGSTOP)
            #expect(try await eventually { daemon.standardError.contains("no complete answer within the time limit") })
            redis.signal(SIGCONT)
            try await redis.set(["/app/name": "three"])
            #expect(try await eventually { box.output("app") == "three\n" })
            #expect(!daemon.standardError.contains("s3cret"))
        }
    }
}
