import Configuration
import Glibc
import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

@Suite struct StateDirectoryTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func record(_ resource: String, revision: Int64 = 7) -> ResourceRecord {
        var record = ResourceRecord(resource: resource, destination: "/etc/\u{1}\"x")
        record.revision = revision
        record.changed = WallTime(seconds: 1_700_000_000)
        return record
    }

    @Test func keepsRecords() throws {
        let path = folder("state")
        do {
            let state = try StateDirectory(path)
            #expect(state.record(of: "app.toml") == nil)
            try state.save(record("app.toml"))
            try state.save(record("app.toml", revision: 8))
            try state.save(record("sub/app.toml#2"))
        }
        #expect(try Files.status(path).mode == 0o700)
        let state = try StateDirectory(path)
        #expect(state.record(of: "app.toml") == record("app.toml", revision: 8))
        #expect(state.record(of: "sub/app.toml#2") == record("sub/app.toml#2"))
        #expect(try Files.list(path + "/resources").map(\.name) == ["app.toml.json", "sub%2Fapp.toml%232.json"])
    }

    /// Report: after a -onetime beside it, or without the file, the status told when a daemon had written an older one.
    @Test func aRecordIsOfTheFileThatItWasMadeFor() throws {
        let path = try folder.write("file", "x")
        let modified = try Files.status(path).modified / 1_000_000_000
        var record = ResourceRecord(resource: "a", destination: path)
        #expect(!record.isOfFileInPlace)
        for (seconds, isOfFile) in [(0, true), (-1, true), (-2, false), (60, true)] {
            record.changed = WallTime(seconds: modified + Int64(seconds))
            #expect(record.isOfFileInPlace == isOfFile, "\(seconds)")
        }
        unlink(path)
        #expect(!record.isOfFileInPlace)
    }

    @Test func keepsKeys() throws {
        let state = try StateDirectory(folder("state"))
        let resource = try Resource.test("sub/app.toml")
        #expect(state.keys(of: resource) == nil)
        let keys: Set<[UInt8]> = [Array("/app/a".utf8), Array("/app/b:\n3:x".utf8), [0, 255], []]
        try state.save(keys, of: resource)
        #expect(state.keys(of: resource) == keys)
        #expect(state.keys(of: try .test("sub/app.toml", destination: "/nowhere/other")) == nil)
        #expect(state.keys(of: try .test("app.toml")) == nil)
        try state.save([], of: resource)
        #expect(state.keys(of: resource) == [])
        // A set of keys that is too large is not kept.
        try state.save(Set((0..<300_000).map { Array("/app/0123456789-0123456789-\($0)".utf8) }), of: resource)
        #expect(state.keys(of: resource) == nil)
    }

    @Test func keysThatAreNotWholeAreNone() throws {
        let kept = KeptKeys(of: try .test(), [Array("/app/a".utf8), Array("/app/b".utf8)])
        #expect(KeptKeys(parsing: kept.bytes) == kept)
        for count in 0..<kept.bytes.count { #expect(KeptKeys(parsing: Array(kept.bytes.prefix(count))) == nil) }
        for text in ["", ":", "x:y\n", "-1:\n", "99999999999999999999:x\n", "1:ab\n", "12:confd-keys 1\n0:\n1:3\n"] {
            #expect(KeptKeys(parsing: Array(text.utf8)) == nil, "\(text)")
        }
    }

    @Test func keepsLeases() throws {
        let path = folder("state")
        let ids: Set<Int64> = [7, .max]
        do {
            let state = try StateDirectory(path)
            #expect(state.leases.isEmpty)
            try state.save(leases: [1])
            try state.save(leases: ids)
        }
        #expect(try StateDirectory(path).leases == ids)
        // A file that this version cannot read counts as none.
        for text in ["", "confd-leases 2\n5\n", "7\n"] {
            try folder.write("state/resources/leases", text)
            #expect(try StateDirectory(path).leases.isEmpty, "\(text)")
        }
        try folder.write("state/resources/leases", "confd-leases 1\n5\nx\n-3\n")
        #expect(try StateDirectory(path).leases == [5])
    }

    /// File names made of any names of resources stay in the directory, differ from each other, and are short enough.
    @Test func namesFilesSafely() {
        let names = [
            "..", ".", "/", "../../etc/passwd", "a/b", "a%2Fb", "lock", "é\u{0}\n", String(repeating: "/", count: 300),
            String(repeating: "/", count: 301),
        ].map { ResourceRecord.fileName(of: $0) }
        #expect(Set(names).count == names.count)
        for name in names {
            #expect(name.utf8.count <= 255 && !name.hasPrefix(".") && !name.contains("/"), "\(name)")
        }
    }

    @Test(arguments: [
        "", "{", "[]", "{}", "null", #"{"version":2,"resource":"app.toml","dest":"/x","revision":1,"changed":1}"#,
        #"{"version":1,"resource":"other.toml","dest":"/x","revision":1,"changed":1}"#,
        #"{"version":1,"resource":"app.toml","dest":"/x","revision":1.5,"changed":1}"#,
        #"{"version":1,"resource":7,"dest":"/x","revision":1,"changed":1}"#,
    ])
    func readsNoOtherForm(_ text: String) throws {
        let state = try StateDirectory(folder("state"))
        try folder.write("state/resources/app.toml.json", text)
        #expect(state.record(of: "app.toml") == nil)
    }

    /// A record of a later version may have more members.
    @Test func readsMoreMembers() throws {
        let state = try StateDirectory(folder("state"))
        let text =
            #"{"more":[{"version":9}],"version":1,"resource":"a","dest":"/x","revision":-1,"changed":1,"also":null}"#
        try folder.write("state/resources/a.json", text)
        #expect(state.record(of: "a")?.revision == -1)
    }

    @Test func keepsWhatAGuardKnows() throws {
        let state = try StateDirectory(folder("state"))
        var record = record("app.toml")
        record.keys = KeyCounts(
            total: 5, matches: ["/s/*": [Array("/s/a\"".utf8): 3, Array("/s/b".utf8): 2], "/other": [:]])
        record.heldSince = WallTime(seconds: 1_700_000_100)
        record.isReleased = true
        try state.save(record)
        #expect(state.record(of: "app.toml") == record)
        // A record of the first version, which knew nothing of guards.
        try folder.write(
            "state/resources/app.toml.json",
            #"{"version":1,"resource":"app.toml","dest":"/x","revision":7,"changed":0}"#)
        let old = try #require(state.record(of: "app.toml"))
        #expect(old.keys == nil && old.heldSince == nil && old.changed == nil)
    }

    /// Numbers that confd never writes count as missing, so that no sum with them overflows.
    @Test(arguments: ["-1", "1e300", "9223372036854775807", "1.5", "\"5\"", "{}", "null"])
    func readsNoImpossibleNumbers(_ number: String) throws {
        let text = """
            {"version":1,"resource":"a","dest":"/x","revision":1,"changed":1,
            "keys":\(number),"matches":{"/s":{"/s/a":\(number)}},"held_since":\(number),"released":1}
            """
        let record = try #require(ResourceRecord(parsing: Array(text.utf8)))
        #expect(record.keys == nil && record.heldSince == nil && !record.isReleased)
    }

    @Test func isReadWithoutItsLock() throws {
        let path = folder("state")
        #expect(throws: SystemError.self) { try StateDirectory(reading: path) }
        let state = try StateDirectory(path)
        try state.save(record("app.toml"))
        #expect(try StateDirectory(reading: path).record(of: "app.toml") == record("app.toml"))
        withExtendedLifetime(state) {}
    }

    /// Records of one resource are saved in their order, whatever the threads do.
    @Test func keepsTheLastOfManyRecords() throws {
        let path = folder("state")
        let keeper = RecordKeeper(try StateDirectory(path))
        let ended = Semaphore()
        var threads = 0
        for number in 1...40 where keeper.put(record("app.toml", revision: Int64(number))) {
            threads += 1
            try Thread.detach {
                #expect(throws: Never.self) { try keeper.save("app.toml") }
                ended.post()
            }
        }
        for _ in 0..<threads { try #require(ended.wait(atMost: .seconds(60))) }
        #expect(keeper.isIdle)
        #expect(try StateDirectory(reading: path).record(of: "app.toml")?.revision == 40)
    }

    /// Attack: what is in the directory is a pipe, a link, or huge.
    @Test func isNotHeldUp() throws {
        let state = try StateDirectory(folder("state"))
        mkfifo(folder("state/resources/pipe.json"), 0o600)
        try Files.makeLink(folder("state/resources/link.json"), to: "/etc/passwd")
        truncate(try folder.write("state/resources/huge.json", ""), 1 << 40)
        for name in ["pipe", "link", "huge"] { #expect(state.record(of: name) == nil) }
    }

    @Test func oneProcessHasIt() throws {
        let path = folder("state")
        do {
            let first = try StateDirectory(path)
            // A lock of one process stands between two open files of it as well.
            #expect(throws: StateDirectory.Problem.inUse) { try StateDirectory(path) }
            try first.save(record("app.toml"))
        }
        _ = try StateDirectory(path)
    }

    /// Attack: another user could exchange what is in it.
    @Test func othersCannotWriteThere() throws {
        let path = folder("state")
        try Files.makeFolder(path)
        try Files.setMode(path, 0o777)
        let refused = SystemError(call: "open", path: path, code: EPERM)
        #expect(throws: StateDirectory.Problem.failed(refused)) { try StateDirectory(path) }
    }

    @Test func saysWhyThereIsNone() {
        let missing = StateDirectory.Problem.failed(
            SystemError(call: "mkdir", path: folder("none/state"), code: ENOENT))
        #expect(throws: missing) { try StateDirectory(folder("none/state")) }
    }

    #if DEBUG
        /// The record is the old or the new one whatever fails.
        @Test(arguments: ["open", "pwrite", "fsync", "rename"]) func failsWithoutLoss(_ call: String) throws {
            let state = try StateDirectory(folder("state"))
            try state.save(record("app.toml"))
            #expect(throws: SystemError.self) {
                try Faults.with(.init(call, code: EIO)) { try state.save(record("app.toml", revision: 8)) }
            }
            #expect(state.record(of: "app.toml") == record("app.toml"))
            try state.save(record("app.toml", revision: 9))
            #expect(state.record(of: "app.toml")?.revision == 9)
        }
    #endif
}

@Suite struct ControlSocketTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test func replacesWhatAKilledDaemonLeft() throws {
        let path = folder("run/control")
        // It is closed here, and stays in the directory.
        _ = try ControlSocket.listen(at: path)
        let listener = try ControlSocket.listen(at: path)
        _ = try SocketConnection(path: path)
        #expect(throws: ControlSocket.Problem.inUse) { try ControlSocket.listen(at: path) }
        withExtendedLifetime(listener) {}
    }

    /// One that answers without our lock belongs to another program, or to a daemon that lost its lock file.
    @Test func replacesNobodyWhoAnswers() throws {
        let path = folder("control")
        let other = try SocketListener(path: path)
        #expect(throws: ControlSocket.Problem.inUse) { try ControlSocket.listen(at: path) }
        withExtendedLifetime(other.descriptor) {}
        _ = try SocketConnection(path: path)
    }

    @Test func leavesAloneWhatIsNoSocket() throws {
        let path = try folder.write("control", "text")
        #expect(throws: ControlSocket.Problem.occupied) { try ControlSocket.listen(at: path) }
        #expect(folder.text("control") == "text")
    }

    @Test func accessList() {
        #expect(StatusAccess([]).allows([127, 0, 0, 1]))
        #expect(StatusAccess([]).allows([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]))
        #expect(!StatusAccess([]).allows([10, 0, 0, 1]))
        #expect(StatusAccess(["10.0.0.0/8"]).allows([10, 0, 0, 1]))
        #expect(!StatusAccess(["10.0.0.0/8"]).allows([127, 0, 0, 1]))
        #expect(StatusAccess(["10.0.0.0/8"]).allows(nil), "a socket with a path")
    }
}

@Suite struct ResourcePathTests {
    /// Any name comes through a path as it is.
    @Test(arguments: ["app.toml", "sub/a b.toml#2", "é\u{1}\r\n", "%2F", "", "../x?y"]) func names(_ name: String) {
        let path = ResourcePath.release.path(of: name)
        #expect(path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") })
        #expect(ResourcePath.release.resource(of: path) == name)
    }

    @Test(arguments: ["/", "/release", "/status", "/release/%", "/release/%2", "/release/%GG", "/release/%FF"])
    func others(_ path: String) {
        #expect(ResourcePath.release.resource(of: path) == nil)
    }
}
