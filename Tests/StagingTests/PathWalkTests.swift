import Glibc
import Posix
import TestSupport
import Testing

@testable import Staging

/// Which links and directories of service users are followed on the way to a dest, and which are refused.
@Suite(.enabled(if: Privileges.isRoot, "needs root"))
struct PathWalkTests {
    static let service: UInt32 = 1_234
    static let other: UInt32 = 5_678
    let folder: TemporaryDirectory

    /// `root/` with the file `f`, and `srv/` of the service user with a directory, a file and a directory of root's.
    init() throws {
        folder = try TemporaryDirectory()
        try Files.setMode(folder.path, 0o755)
        for name in ["root", "srv", "srv/own", "srv/own/deep", "srv/roots", "srv/roots/in", "srv/others"] {
            try Files.makeFolder(folder(name))
        }
        for name in ["srv", "srv/own", "srv/own/deep"] { give(name, to: Self.service) }
        give("srv/others", to: Self.other)
        try folder.write("root/f", "root's")
        try folder.write("srv/own/f", "service's")
        give("srv/own/f", to: Self.service)
    }

    func give(_ name: String, to uid: UInt32) { #expect(lchown(folder(name), uid, uid) == 0) }

    struct Case: CustomTestStringConvertible {
        let name: String
        /// Path, content and owner of each link; `DIR` is the test's directory.
        var links: [(path: String, content: String, owner: UInt32)] = []
        let dest: String
        /// The file that is written; nil if the step is refused.
        let leads: String?
        var refusal = ""

        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "a plain file in a service's directory", dest: "srv/x", leads: "srv/x"),
        Case(name: "a file of root's directory in a service's one", dest: "srv/roots/x", leads: "srv/roots/x"),
        Case(
            name: "another user's directory in a service's one", dest: "srv/others/x", leads: nil,
            refusal: "cannot enter the directory DIR/srv/others of uid 5678: it is in DIR/srv of uid 1234"),
        Case(
            name: "Attack: a link to a file of root's", links: [("srv/x", "DIR/root/f", service)], dest: "srv/x",
            leads: nil,
            refusal: "cannot follow the symbolic link DIR/srv/x of uid 1234: it leads to DIR/root of uid 0"),
        Case(
            name: "Attack: the same, relative", links: [("srv/x", "../root/f", service)], dest: "srv/x", leads: nil,
            refusal: "cannot follow the symbolic link DIR/srv/x of uid 1234: it leads to DIR/root of uid 0"),
        Case(
            name: "Attack: a dangling link into a directory of root's", links: [("srv/x", "../root/new", service)],
            dest: "srv/x", leads: nil, refusal: "it leads to DIR/root of uid 0"),
        Case(
            name: "Attack: a link in the place of a directory", links: [("srv/d", "../root", service)], dest: "srv/d/f",
            leads: nil, refusal: "cannot follow the symbolic link DIR/srv/d of uid 1234: it leads to DIR/root of uid 0"),
        Case(
            name: "Attack: out through a link's own dots", links: [("srv/d", "own/../../root", service)],
            dest: "srv/d/f",
            leads: nil, refusal: "it leads to DIR/root of uid 0"),
        Case(
            name: "Attack: a link to another user's directory", links: [("srv/d", "others", service)], dest: "srv/d/f",
            leads: nil, refusal: "cannot enter the directory DIR/srv/others of uid 5678: it is in DIR/srv of uid 1234"),
        Case(
            name: "Attack: a link through one of root's",
            links: [("root/way", "../root", 0), ("srv/x", "../root/way/f", service)], dest: "srv/x", leads: nil,
            refusal: "it leads to DIR/root of uid 0"),
        Case(
            name: "Attack: a link of root's that was moved to another name",
            links: [("srv/x", "DIR/root/f", 0)], dest: "srv/x", leads: nil,
            refusal: "cannot follow the symbolic link DIR/srv/x of uid 1234: it leads to DIR/root of uid 0"),
        Case(
            name: "Attack: a directory of root's, with a link of root's in it, that was renamed",
            links: [("srv/roots/x", "DIR/root/f", 0)], dest: "srv/roots/x", leads: nil,
            refusal: "cannot follow the symbolic link DIR/srv/roots/x of uid 1234: it leads to DIR/root of uid 0"),
        Case(
            name: "Attack: the same, relative and deeper", links: [("srv/roots/in/d", "../../../root", 0)],
            dest: "srv/roots/in/d/f", leads: nil, refusal: "it leads to DIR/root of uid 0"),
        Case(
            name: "Attack: the same, entered by dots and by a link of root's",
            links: [("root/way", "../srv/own/../roots", 0), ("srv/roots/x", "DIR/root/f", 0)], dest: "root/way/x",
            leads: nil, refusal: "it leads to DIR/root of uid 0"),
        Case(
            name: "Attack: a third user's link in a renamed directory of root's",
            links: [("srv/roots/x", "DIR/srv/others/f", other)], dest: "srv/roots/x", leads: nil,
            refusal: "cannot follow the symbolic link DIR/srv/roots/x of uid 5678"),
        Case(
            name: "a link of root's in a directory of root's in a service's one",
            links: [("srv/roots/x", "../own/f", 0)], dest: "srv/roots/x", leads: "srv/own/f"),
        Case(
            name: "a link of root's, after the way has left the service's directory", links: [("root/way", "f", 0)],
            dest: "srv/own/../../root/way", leads: "root/f"),
        Case(
            name: "Attack: a link of a third user", links: [("srv/x", "own/f", other)], dest: "srv/x", leads: nil,
            refusal: "cannot follow the symbolic link DIR/srv/x of uid 5678: it leads to DIR/srv of uid 1234"),
        Case(
            name: "current of a deployment", links: [("srv/current", "own/deep", service)], dest: "srv/current/x",
            leads: "srv/own/deep/x"),
        Case(
            name: "current of a deployment, absolute", links: [("srv/current", "DIR/srv/own/deep", service)],
            dest: "srv/current/x", leads: "srv/own/deep/x"),
        Case(
            name: "current, set by root", links: [("srv/current", "own/deep", 0)], dest: "srv/current/x",
            leads: "srv/own/deep/x"),
        Case(
            name: "up from a deployment", links: [("srv/current", "own/deep", service)], dest: "srv/current/../x",
            leads: "srv/own/x"),
        Case(
            name: "a service's link to its own file", links: [("srv/x", "own/f", service)], dest: "srv/x",
            leads: "srv/own/f"),
        Case(
            name: "a service's chain", links: [("srv/x", "y", service), ("srv/y", "own/f", service)], dest: "srv/x",
            leads: "srv/own/f"),
        Case(
            name: "sites-enabled", links: [("root/enabled", "../root/available", 0)], dest: "root/enabled",
            leads: "root/available"),
        Case(
            name: "a ConfigMap",
            links: [("root/x", "..data/x", 0), ("root/..data", "..2026", 0), ("root/..2026", ".", 0)],
            dest: "root/x", leads: nil, refusal: "loop"),
        Case(
            name: "a link of root's into a service's directory", links: [("root/x", "../srv/own/f", 0)], dest: "root/x",
            leads: "srv/own/f"),
    ]

    func text(_ pattern: String) -> String { pattern.replacing("DIR", with: folder.path) }

    /// `isShared`: a destination in the same directory is in use meanwhile.
    @Test(arguments: cases, [false, true])
    func follows(_ row: Case, isShared: Bool) throws {
        for link in row.links {
            try Files.makeLink(folder(link.path), to: text(link.content))
            give(link.path, to: link.owner)
        }
        let folders = SharedFolders()
        let other =
            isShared
            ? try? Destination(resolving: folder(row.dest) + ".other", makesFolders: false, sharing: folders) : nil
        defer { withExtendedLifetime(other) {} }
        var message = ""
        do throws(StagingError) {
            let destination = try Destination(resolving: folder(row.dest), makesFolders: false, sharing: folders)
            #expect(destination.target == row.leads.map { folder($0) })
            try destination.apply("new", CheckedFile.Options(backup: true, reloadMark: [1]))
        } catch {
            message = error.message
        }
        #expect(row.leads == nil ? message.contains(text(row.refusal)) : message == "", "\(message)")
        #expect(row.leads.map { folder.text($0) == "new" } ?? true)
        if row.leads != "root/f" { #expect(folder.text("root/f") == "root's") }
        for link in row.links { #expect(try Files.linkStatus(folder(link.path)).kind == .symbolicLink) }
    }

    /// Attack: make_dirs creates nothing behind a link of a service user.
    @Test func createsNothingBehindAServicesLink() throws {
        try Files.makeLink(folder("srv/d"), to: "../root/new")
        give("srv/d", to: Self.service)
        for dest in ["srv/d/x", "srv/d/deeper/x"] {
            #expect(throws: StagingError.self) { try Destination(resolving: folder(dest), makesFolders: true) }
        }
        #expect(try Files.list(folder("root")).map(\.name) == ["f"])
        // What it does create is entered the next time too.
        for _ in 1...2 { try Destination(resolving: folder("srv/n/m/x"), makesFolders: true).apply("new") }
        #expect(folder.text("srv/n/m/x") == "new")
    }

    /// Attack: confd is started in a directory of root's that a service user could rename.
    @Test(.enabled(if: Privileges.canMount, "needs a working directory of its own"))
    func isNotLedAwayFromTheWorkingDirectory() throws {
        let folder = folder
        try Files.makeLink(folder("srv/roots/in/x"), to: folder("root/f"))
        try Files.makeLink(folder("srv/roots/x"), to: folder("root/f"))
        try Privileges.inMountNamespace {
            #expect(chdir(folder("srv/roots/in")) == 0)
            for dest in ["x", "../x", "./../in/x"] {
                #expect(throws: StagingError.self, "\(dest)") { try Destination(resolving: dest) }
            }
            let new = try Destination(resolving: "new")
            #expect(new.target == "new")
            #expect(chdir(folder("root")) == 0)
            let file = try Destination(resolving: "f")
            #expect(file.target == "f")
        }
        #expect(folder.text("root/f") == "root's")
    }

    /// Attack: a default access list and setgid of the user's directory for what make_dirs creates in it.
    @Test func createsDirectoriesWithoutAUsersRights() throws {
        let srv = try FileDescriptor(opening: folder("srv"), [.read, .folder])
        try srv.setAttribute(AccessList.default.rawValue, StagingForeignTests.accessList)
        try Files.setMode(folder("srv"), 0o2755)
        try Destination(resolving: folder("srv/n/m/x"), makesFolders: true).apply("new", FileAttributes(mode: 0o660))
        for name in ["srv/n", "srv/n/m", "srv/n/m/x"] {
            let file = try FileDescriptor(opening: folder(name), .read)
            #expect(try file.attribute(AccessList.default.rawValue) == nil, "\(name)")
            #expect(try file.attribute(AccessList.access.rawValue) == nil, "\(name)")
            let status = try file.status()
            #expect([status.uid, status.gid] == [0, 0], "\(name)")
            #expect(status.mode == (name.hasSuffix("x") ? 0o660 : 0o755), "\(name)")
        }
    }

    /// New directories in one of root's get the default access list and the group that it sets.
    @Test func createsDirectoriesWithRootsRights() throws {
        let root = try FileDescriptor(opening: folder("root"), [.read, .folder])
        try root.setAttribute(AccessList.default.rawValue, StagingForeignTests.accessList)
        #expect(chown(folder("root"), 0, 77) == 0)
        try Files.setMode(folder("root"), 0o2755)
        try Destination(resolving: folder("root/n/x"), makesFolders: true).apply("new")
        let made = try FileDescriptor(opening: folder("root/n"), .read)
        #expect(try made.attribute(AccessList.default.rawValue) != nil)
        #expect(try made.status().gid == 77 && Files.status(folder("root/n/x")).gid == 77)
    }

    /// Report: in a user namespace the machine's root is uid 65534.
    @Test func trustsRootAndOurselves() throws {
        #expect(Users.isRootOrOurs(0))
        #expect(!Users.isRootOrOurs(1_234))
        #expect(try Privileges.with(id: 1_234) { Users.isRootOrOurs(1_234) && Users.isRootOrOurs(0) })
        // Unless this is a user namespace, 65534 is an ordinary user.
        #expect(!Users.isRootOrOurs(65_534) || Users.isUnmapped(65_534))
    }

    #if DEBUG
        /// Attack: at any moment the service user exchanges a directory or the file for a link to what is root's.
        @Test(arguments: ["srv/own/deep", "srv/own", "srv/own/deep/x"], [false, true])
        func isNotLedAwayAtAnyStep(exchanged: String, isShared: Bool) throws {
            let folder = folder
            let folders = SharedFolders()
            let dest = folder("srv/own/deep/x")
            let isFile = exchanged.hasSuffix("x")
            try folder.write("root/x", "root's")
            try Files.makeFolder(folder("root/deep"))
            try folder.write("root/deep/x", "root's")
            for step in 1... {
                if isFile { try folder.write("srv/own/deep/x", "old") }
                let other =
                    isShared
                    ? try Destination(
                        resolving: folder("srv/own/deep/other"), makesFolders: false, sharing: folders) : nil
                defer { withExtendedLifetime(other) {} }
                let reached = Faults.intruding(at: step) {
                    _ = rename(folder(exchanged), folder(exchanged) + ".away")
                    _ = symlink(folder(isFile ? "root/f" : "root"), folder(exchanged))
                    _ = lchown(folder(exchanged), Self.service, Self.service)
                } body: {
                    for _ in 1...2 {
                        _ = try? Destination(resolving: dest, makesFolders: true, sharing: folders).apply(
                            "new", FileAttributes(uid: 1), CheckedFile.Options(backup: true, reloadMark: [1]))
                    }
                    _ = try? Destination(resolving: dest).heal()
                    _ = try? Destination(resolving: dest).clearReloadMark()
                }
                for name in ["root/f", "root/x", "root/deep/x"] {
                    #expect(folder.text(name) == "root's", "call \(step)")
                    #expect(try Files.status(folder(name)).uid == 0, "call \(step)")
                }
                #expect(try Files.list(folder("root")).map(\.name) == ["deep", "f", "x"], "call \(step)")
                if !reached { break }
                // A replaced file took the link's place.
                if try Files.linkStatus(folder(exchanged)).kind == .folder { continue }
                try Files.unlink(folder(exchanged))
                try? Files.unlink(folder(exchanged) + ".away")
                _ = rename(folder(exchanged) + ".away", folder(exchanged))
            }
        }

        /// Attack: the same while the file of an item that is gone is removed; root's files have the name and the bytes.
        @Test(arguments: ["srv/own/deep", "srv/own", "srv/own/deep/x"])
        func removesNothingElsewhereAtAnyStep(exchanged: String) throws {
            let folder = folder
            let isFile = exchanged.hasSuffix("x")
            try Files.makeFolder(folder("root/deep"))
            let others = ["root/f", "root/x", "root/deep/x"]
            for name in others { try folder.write(name, "written by confd") }
            var removals = 0
            for step in 1... {
                try folder.write("srv/own/deep/x", "written by confd")
                let reached = Faults.intruding(at: step) {
                    _ = rename(folder(exchanged), folder(exchanged) + ".away")
                    _ = symlink(folder(isFile ? "root/f" : "root"), folder(exchanged))
                    _ = lchown(folder(exchanged), Self.service, Self.service)
                } body: {
                    let removal = try? ItemFolder(resolving: folder("srv/own/deep"))?.remove("x") {
                        $0 == Array("written by confd".utf8)
                    }
                    if removal == .removed { removals += 1 }
                }
                for name in others { #expect(folder.text(name) == "written by confd", "call \(step)") }
                if !reached { break }
                // A link in the place of the file may have been removed, as its name is the item's.
                try? Files.unlink(folder(exchanged))
                _ = rename(folder(exchanged) + ".away", folder(exchanged))
            }
            // Without an attack, and where it came too late.
            #expect(removals > 0)
        }

        /// Attack: the directory is moved between the look at it and the step to the one above it.
        @Test func noticesThatADirectoryWasMoved() throws {
            let folder = folder
            var seen: Set<String> = []
            for step in 1... {
                let reached = Faults.intruding(at: step) {
                    _ = rename(folder("srv/own/deep"), folder("root/deep"))
                } body: {
                    do throws(StagingError) {
                        seen.insert(try Destination(resolving: folder("srv/own/deep/../x")).target)
                    } catch {
                        seen.insert(error.message.replacing(folder.path, with: "DIR"))
                    }
                }
                if !reached { break }
                _ = rename(folder("root/deep"), folder("srv/own/deep"))
            }
            #expect(
                seen.contains(
                    "cannot look up DIR/srv/own/deep/../x: the directory DIR/srv/own/deep was moved meanwhile"))
            // The way ends beside the old place, or the move is an error: it never ends beside the new place.
            #expect(seen.contains(folder("srv/own/x")))
            #expect(!seen.contains(folder("root/x")))
        }
    #endif
}
