import TestSupport
import Testing

/// The program with a real ZooKeeper.
@Suite(.enabled(if: Machine.hasZookeeper, "libzookeeper-java or a JRE is not installed"))
struct ZookeeperTests {
    @Test func rendersOnce() async throws {
        try await withSandbox { box in
            let server = try TestZookeeper(password: "s3cret word")
            try server.write(["/app/name": "shop", "/app/db/host": "10.0.0.7", "/app/db/port": "5432"])
            try box.write("password", "s3cret word\n")
            try box.resource(
                "app", keys: ["/app"],
                template: "{{getv \"/app/name\"}} {{range gets \"/app/db/*\"}}{{.Key}}={{.Value}} {{end}}\n")
            let done = try await box.confd(
                "zookeeper", "-onetime", "-node", server.node, "-username", "confd", "-password-file",
                box.path("password"))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "shop /app/db/host=10.0.0.7 /app/db/port=5432 \n")
            for arguments in [["-username", "confd", "-password", "s3cret-guess"], []] {
                let done = try await run(
                    box.command(["-onetime", "-backend", "zookeeper", "-node", server.node] + arguments))
                #expect(done.exitCode == 4, "\(done.testDescription)")
                #expect(
                    done.standardError.contains("zookeeper: \(server.node): read \"/app\": not authorized (code -102)"))
                #expect(!done.standardError.contains("s3cret"))
            }
        }
    }

    @Test func littleMemoryIsEnoughForASmallMultipleOfTheKeys() async throws {
        try await withSandbox { box in
            let server = try TestZookeeper()
            // A message to the server has a megabyte at most.
            let value = String(repeating: "v", count: 1_000_000)
            for number in 0..<14 { try server.write(["/s/k\(number)": value]) }
            try box.resource("a", keys: ["/s"], template: #"{{range gets "/s/*"}}{{.Value}}\#n{{end}}"#)
            let command = box.command(["-onetime", "-backend", "zookeeper", "-node", server.node])
            let done = try await run(command.limited(toMegabytes: 300), seconds: 120)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("a")?.utf8.count == 14_000_014)
        }
    }

    /// The server is killed, comes back with its data and then empty, is suspended, and gets another password.
    @Test func survivesWhatHappensToTheServer() async throws {
        try await withSandbox { box in
            let server = try TestZookeeper(password: "s3cret-1")
            try server.write(["/app/name": "one"])
            try box.write("password", "s3cret-1\n")
            try box.resource("app", keys: ["/app"], template: "{{getv \"/app/name\" \"none\"}}\n")
            let daemon = try box.start(
                "-watch", "-backend", "zookeeper", "-node", server.node, "-username", "confd", "-password-file",
                box.path("password"))
            #expect(try await eventually { box.output("app") == "one\n" })
            try server.write(["/app/name": "two"])
            #expect(try await eventually { box.output("app") == "two\n" })
            server.kill()
            #expect(try await eventually { daemon.standardError.contains("connect: connection refused") })
            #expect(box.output("app") == "two\n")
            // With what it had, and then without.
            try server.start()
            try server.write(["/app/name": "three"])
            #expect(try await eventually { box.output("app") == "three\n" })
            server.kill()
            try server.wipe()
            try server.start()
            #expect(try await eventually { box.output("app") == "none\n" })
            try server.signal("STOP")
            #expect(try await eventually { daemon.standardError.contains("no complete answer within the time limit") })
            try server.signal("CONT")
            try server.write(["/app/name": "four"])
            #expect(try await eventually { box.output("app") == "four\n" })
            // Changes of nodes that the session may no longer read are not reported; the next session is refused.
            try server.change(password: "s3cret-2")
            try server.write(["/app/name": "five"])
            server.kill()
            try server.start()
            #expect(try await eventually { daemon.standardError.contains("not authorized") })
            #expect(box.output("app") == "four\n")
            try box.write("password", "s3cret-2\n")
            #expect(try await eventually { box.output("app") == "five\n" })
            #expect(!daemon.standardError.contains("s3cret"))
        }
    }
}
