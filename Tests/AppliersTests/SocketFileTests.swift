import Posix
import TestSupport
import Testing

@testable import Appliers

/// Which sockets are trusted, by the owners of the socket and of the links and directories on its path.
@Suite struct SocketFileTests {
    private static let isRoot = Users.effectiveUID == 0

    private func socket(_ path: String) throws -> StreamServer { try StreamServer(path: path) { $0.hold() } }

    @Test func findsASocketThroughOurOwnLinks() throws {
        let directory = try TemporaryDirectory()
        let server = try socket(directory("s"))
        defer { withExtendedLifetime(server) {} }
        try Files.makeLink(directory("link"), to: "s")
        try Files.makeFolder(directory("d"))
        try Files.makeLink(directory("d/up"), to: "../link")
        let direct = try SocketFile(directory("s"))
        for name in ["link", "d/up", "d/../s", "./s"] {
            #expect(try SocketFile(directory(name)).identity == direct.identity)
        }
        let connection = try SocketConnection(path: direct.connectPath)
        #expect(try connection.receive(limit: 1) == nil)
    }

    @Test func whatIsNoSocketIsNone() throws {
        let directory = try TemporaryDirectory()
        try directory.write("f", "")
        try Files.makeLink(directory("loop"), to: "loop")
        #expect(throws: SocketFileError.notASocket) { try SocketFile(directory("f")) }
        #expect(throws: SocketFileError.notASocket) { try SocketFile(directory.path) }
        let cases: [(String, Int32)] = [
            ("none", Errno.noSuchFile), ("f/s", Errno.notAFolder), ("loop", Errno.tooManyLinks),
        ]
        for (name, code) in cases {
            let error = #expect(throws: SocketFileError.self) { try SocketFile(directory(name)) }
            switch error {
            case .system(let error)?: #expect(error.code == code, "\(name)")
            case .notASocket? where name == "f/s": break
            default: Issue.record("\(name): \(String(describing: error))")
            }
        }
    }

    @Test(.enabled(if: isRoot)) func aUserLeadsOnlyToWhatIsHis() throws {
        let directory = try TemporaryDirectory()
        try Files.setMode(directory.path, 0o755)
        let roots = try socket(directory("root.sock"))
        try Files.makeFolder(directory("user"))
        let own = try socket(directory("user/own.sock"))
        let rootsInHis = try socket(directory("user/root.sock"))
        let others = try socket(directory("user/other.sock"))
        defer { withExtendedLifetime((roots, own, rootsInHis, others)) {} }
        try Files.makeLink(directory("user/to-root"), to: "../root.sock")
        try Files.makeLink(directory("user/to-own"), to: "own.sock")
        try Shell.run(
            "chown -h 4711 \(directory("user")) \(directory("user/own.sock")) \(directory("user/to-root")) \(directory("user/to-own"))"
        )
        try Shell.run("chown 4712 \(directory("user/other.sock"))")
        #expect(throws: Never.self) { try SocketFile(directory("user/own.sock")) }
        // As haproxy makes it: root's socket in the directory of haproxy's user.
        #expect(throws: Never.self) { try SocketFile(directory("user/root.sock")) }
        #expect(throws: Never.self) { try SocketFile(directory("user/to-own")) }
        #expect(throws: SocketFileError.untrusted(directory("user/to-root"), owner: 4711)) {
            try SocketFile(directory("user/to-root"))
        }
        #expect(throws: SocketFileError.untrusted(directory("user/other.sock"), owner: 4711)) {
            try SocketFile(directory("user/other.sock"))
        }
    }

    @Test(.enabled(if: isRoot)) func linksOfOthersInSharedDirectoriesDoNotCount() throws {
        let directory = try TemporaryDirectory()
        let server = try socket(directory("s"))
        defer { withExtendedLifetime(server) {} }
        try Files.makeFolder(directory("shared"))
        try Files.makeLink(directory("shared/link"), to: "../s")
        try Shell.run("chmod 1777 \(directory("shared")); chown -h 4711 \(directory("shared/link"))")
        #expect(throws: SocketFileError.untrusted(directory("shared/link"), owner: 4711)) {
            try SocketFile(directory("shared/link"))
        }
    }

    @Test(.enabled(if: isRoot)) func directoriesOfTwoUsersAreNoWay() throws {
        let directory = try TemporaryDirectory()
        try Files.makeFolder(directory("a"))
        try Files.makeFolder(directory("a/b"))
        let server = try socket(directory("a/b/s"))
        defer { withExtendedLifetime(server) {} }
        try Shell.run("chown 4711 \(directory("a")); chown 4712 \(directory("a/b"))")
        #expect(throws: SocketFileError.untrusted(directory("a/b"), owner: 4711)) { try SocketFile(directory("a/b/s")) }
    }
}
