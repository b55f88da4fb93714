import Glibc
import Synchronization

/// A real ZooKeeper on 127.0.0.1, which can be killed, stopped, started again and emptied.
package final class TestZookeeper: Sendable {
    package let port: UInt16
    private let folder: MemoryDirectory
    private let state = Mutex(State())
    private let settings: [String]
    private let properties: [String]

    private struct State {
        var process: BackgroundProcess?
        /// The nodes that `write` made.
        var nodes: Set<String> = []
        var acl = ZookeeperACL.everybody
    }

    /// `settings` are lines of zoo.cfg, `properties` flags of the Java machine. With `password` only the user `confd` may use
    /// the nodes that `write` makes. With `member`, its number in an ensemble, the server is not waited for, as it serves only
    /// once most members run.
    package init(
        port: UInt16? = nil, password: String? = nil, settings: [String] = [], properties: [String] = [],
        member: Int? = nil
    ) throws {
        try Shell.run(
            "test -e /usr/share/java/zookeeper.jar && command -v java || { echo no libzookeeper-java or JRE; false; }")
        self.port = try port ?? Ports.free()
        self.settings = settings
        self.properties = properties
        folder = try MemoryDirectory()
        if let password { state.withLock { $0.acl = .user("confd", password) } }
        if let member {
            try Shell.run("mkdir \(folder.path)/data && echo \(member) >\(folder.path)/data/myid")
            try launch()
        } else {
            try start()
        }
    }

    package var node: String { "127.0.0.1:\(port)" }

    /// Starts it with the data that it has, and waits until it serves.
    package func start() throws {
        try launch()
        try waitUntilServing()
    }

    package func waitUntilServing() throws {
        guard eventuallyBlocking(seconds: 60, { (try? ZookeeperWriter(port: self.port)) != nil }) else {
            throw SupportError("zookeeper does not answer")
        }
    }

    /// Starts it with the data that it has, without waiting.
    package func launch() throws {
        let lines =
            [
                "dataDir=\(folder.path)/data", "clientPort=\(port)", "clientPortAddress=127.0.0.1", "tickTime=500",
                "maxClientCnxns=0", "admin.enableServer=false",
            ] + settings
        let flags =
            [
                "-Xmx128m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.preAllocSize=64",
                "-Dzookeeper.forceSync=no",
                "-Dzookeeper.DigestAuthenticationProvider.superDigest=\(ZookeeperWriter.digest)",
            ] + properties
        try Shell.run("cat >\(folder.path)/zoo.cfg <<'END'\n\(lines.joined(separator: "\n"))\nEND")
        let process = try BackgroundProcess(
            """
            sh -c 'echo $$ >\(folder.path)/pid; exec java \(flags.joined(separator: " ")) -cp \(Self.libraries) \
            org.apache.zookeeper.server.quorum.QuorumPeerMain \(folder.path)/zoo.cfg'
            """)
        state.withLock { $0.process = process }
    }

    /// Those of netty are needed for TLS.
    private static let libraries = ["zookeeper", "netty-codec", "netty-resolver"]
        .map { "/usr/share/java/\($0).jar" }.joined(separator: ":")

    /// `SIGKILL`; its data stay.
    package func kill() { state.withLock { $0.process = nil } }

    /// Forgets all data; it must not run.
    package func wipe() throws {
        try Shell.run("rm -rf \(folder.path)/data")
        state.withLock { $0.nodes = [] }
    }

    /// Sends it a signal, for example `STOP`.
    package func signal(_ name: String) throws { try Shell.run("kill -\(name) $(cat \(folder.path)/pid)") }

    /// How many connections it has.
    package var connections: Int {
        get throws {
            guard let count = Int(try status("Connections")) else { throw SupportError("zookeeper: no number") }
            // The connection of this request is counted as well.
            return count - 1
        }
    }

    /// `leader`, `follower` or `standalone`; throws while an ensemble has no leader.
    package var mode: String { get throws { try status("Mode") } }

    /// The value of the line `name: …` in the answer to ZooKeeper's command `srvr`.
    private func status(_ name: String) throws -> String {
        guard let connection = TCPServer.Connection(to: port) else {
            throw SupportError("zookeeper: no connection")
        }
        defer { close(connection.descriptor) }
        connection.write(Array("srvr".utf8))
        var text = ""
        while let bytes = connection.read() { text += String(decoding: bytes, as: UTF8.self) }
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("\(name): ") }) else {
            throw SupportError("zookeeper: \(text)")
        }
        return String(line.dropFirst(name.utf8.count + 2))
    }

    // MARK: Writing

    /// Writes all pairs in one transaction; nil deletes. Missing parent nodes are made, and removed when nothing is left below
    /// them.
    package func write(_ pairs: [(key: String, value: String?)]) throws {
        try state.withLock { state in
            var changes: [ZookeeperChange] = []
            for (key, value) in pairs {
                if let value {
                    changes += Self.making(key, value, &state.nodes, state.acl)
                } else {
                    changes += Self.removing(key, &state.nodes)
                }
            }
            try ZookeeperWriter(port: port).apply(changes)
        }
    }

    package func write(_ pairs: [String: String]) throws { try write(pairs.map { ($0.key, $0.value) }) }

    /// Makes all changes in one transaction, without making parent nodes.
    package func apply(_ changes: [ZookeeperChange]) throws { try ZookeeperWriter(port: port).apply(changes) }

    /// Changes the password of all nodes that `write` made.
    package func change(password: String) throws {
        try state.withLock { state in
            state.acl = .user("confd", password)
            let writer = try ZookeeperWriter(port: port)
            for node in state.nodes { try writer.setACL(node, state.acl) }
        }
    }

    /// Changes who may use one node.
    package func change(_ node: String, to acl: ZookeeperACL) throws {
        try ZookeeperWriter(port: port).setACL(node, acl)
    }

    private static func making(
        _ key: String, _ value: String, _ nodes: inout Set<String>, _ acl: ZookeeperACL
    ) -> [ZookeeperChange] {
        if nodes.contains(key) { return [.set(key, Array(value.utf8))] }
        var changes: [ZookeeperChange] = []
        for folder in folders(of: key).reversed() where nodes.insert(folder).inserted {
            changes.append(.create(folder, [], acl))
        }
        nodes.insert(key)
        return changes + [.create(key, Array(value.utf8), acl)]
    }

    private static func removing(_ key: String, _ nodes: inout Set<String>) -> [ZookeeperChange] {
        guard nodes.remove(key) != nil else { return [] }
        var changes: [ZookeeperChange] = [.delete(key)]
        for folder in folders(of: key) {
            if nodes.contains(where: { $0.hasPrefix(folder + "/") }) { break }
            nodes.remove(folder)
            changes.append(.delete(folder))
        }
        return changes
    }

    /// The folders that hold `key`, the nearest first.
    private static func folders(of key: String) -> [String] {
        var folders: [String] = []
        var path = key[...]
        while let end = path.lastIndex(of: "/"), end > path.startIndex {
            path = path[..<end]
            folders.append(String(path))
        }
        return folders
    }
}

/// Who may use a node.
package enum ZookeeperACL: Sendable {
    case everybody
    /// One user with a password, and the super user of `ZookeeperWriter`.
    case user(String, String)
}

/// One operation of a transaction, on the node at a path.
package enum ZookeeperChange: Sendable {
    case create(String, [UInt8], ZookeeperACL)
    case set(String, [UInt8])
    case delete(String)
}

/// A connection to ZooKeeper for writing, logged in as the super user, whom no ACL restricts.
package final class ZookeeperWriter {
    /// The user of `login` with the digest of its password, as the server is configured with it.
    fileprivate static let digest = "super:qhS2la7Mh9DXTU6V597T9nu9msk="
    private static let login = "super:super-of-the-tests"

    private let connection: TCPServer.Connection
    private var bytes: [UInt8] = []
    private var number: Int32 = 0

    package init(port: UInt16) throws {
        guard let connection = TCPServer.Connection(to: port) else { throw SupportError("zookeeper: no connection") }
        self.connection = connection
        // A server that does not answer is an error, not a test without end.
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(connection.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        // Protocol version, last transaction seen, session timeout in ms, no earlier session and an empty password for it, no
        // read-only server.
        send(
            Self.int(0) + Self.long(0) + Self.int(30_000) + Self.long(0) + Self.buffer([UInt8](repeating: 0, count: 16))
                + [0])
        _ = try frame()
        try logIn(Self.login)
    }

    deinit { close(connection.descriptor) }

    /// Makes all changes in one transaction.
    package func apply(_ changes: [ZookeeperChange]) throws {
        var users: Set<String> = []
        for case .create(_, _, .user(let name, let password)) in changes
        where users.insert("\(name):\(password)").inserted {
            try logIn("\(name):\(password)")
        }
        var message: [UInt8] = []
        for change in changes {
            switch change {
            case .create(let path, let value, let acl):
                message += Self.header(1) + Self.text(path) + Self.buffer(value) + Self.acl(acl) + Self.int(0)
            case .set(let path, let value):
                message += Self.header(5) + Self.text(path) + Self.buffer(value) + Self.int(-1)
            case .delete(let path): message += Self.header(2) + Self.text(path) + Self.int(-1)
            }
        }
        let reply = try call(14, message + Self.int(-1) + [1] + Self.int(-1))
        // The first result is an error if any is.
        if !changes.isEmpty, reply.count >= 20, Self.number(reply[16...]) == -1 {
            throw SupportError("zookeeper: \(changes.prefix(3)): refused: \(reply.suffix(40))")
        }
    }

    fileprivate func setACL(_ path: String, _ acl: ZookeeperACL) throws {
        if case .user(let name, let password) = acl { try logIn("\(name):\(password)") }
        _ = try call(7, Self.text(path) + Self.acl(acl) + Self.int(-1))
    }

    private func logIn(_ login: String) throws {
        send(Self.int(-4) + Self.int(100) + Self.int(0) + Self.text("digest") + Self.text(login))
        try check(try frame())
    }

    private func call(_ operation: Int32, _ message: [UInt8]) throws -> [UInt8] {
        number += 1
        send(Self.int(number) + Self.int(operation) + message)
        let reply = try frame()
        try check(reply)
        return reply
    }

    /// A reply begins with the number of the request, the newest change, and the result.
    private func check(_ reply: [UInt8]) throws {
        guard reply.count >= 16, Self.number(reply[12...]) == 0 else {
            throw SupportError("zookeeper: refused: \(reply.prefix(16))")
        }
    }

    private func send(_ message: [UInt8]) { connection.write(Self.buffer(message)) }

    private func frame() throws -> [UInt8] {
        while true {
            if bytes.count >= 4 {
                let end = 4 + Int(Self.number(bytes[0...]))
                if bytes.count >= end {
                    defer { bytes.removeFirst(end) }
                    return Array(bytes[4..<end])
                }
            }
            guard let more = connection.read() else { throw SupportError("zookeeper: connection lost") }
            bytes += more
        }
    }

    /// The header of one operation in a transaction.
    private static func header(_ operation: Int32) -> [UInt8] { int(operation) + [0] + int(-1) }

    /// All rights (31); `auth` stands for the users that have logged in on this connection.
    private static func acl(_ acl: ZookeeperACL) -> [UInt8] {
        switch acl {
        case .everybody: int(1) + int(31) + text("world") + text("anyone")
        case .user: int(1) + int(31) + text("auth") + text("")
        }
    }

    private static func int(_ value: Int32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    private static func long(_ value: Int64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    private static func buffer(_ bytes: [UInt8]) -> [UInt8] { int(Int32(bytes.count)) + bytes }
    private static func text(_ text: String) -> [UInt8] { buffer(Array(text.utf8)) }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int32 {
        Int32(truncatingIfNeeded: bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) })
    }
}
