import Foundation
import KeyValue
import Posix
import Testing

@testable import Backends

/// Following files whose directories are exchanged and made anew. Report: after such a rename nothing was seen any more.
@Suite struct FileFollowTests {
    private let folder: String

    init() throws { folder = try Files.makeTemporaryFolder(in: "/tmp", prefix: "confd-follow-") }

    private func put(_ path: String, _ value: String) throws {
        let target = Files.join(folder, path)
        try FileManager.default.createDirectory(atPath: Files.split(target).folder, withIntermediateDirectories: true)
        try Files.write(Array("app: \(value)\n".utf8), to: target)
    }

    private func move(_ old: String, _ new: String) throws { try Folder(folder).rename(old, to: new) }

    private func withFollowing(_ path: String, _ body: (Following) throws -> Void) throws {
        let following = try Following(FileBackend(paths: [Files.join(folder, path)]), "/app")
        try body(following)
        #expect(following.stop())
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func directoryIsExchanged() throws {
        try put("q/d.yaml", "1")
        try put("new/d.yaml", "2")
        try withFollowing("q/d.yaml") { following in
            #expect(following.sees(["/app": "1"], within: 60))
            try move("q", "old")
            try move("new", "q")
            #expect(following.sees(["/app": "2"], within: 60))
            try put("q/d.yaml", "3")
            #expect(following.sees(["/app": "3"], within: 60))
        }
    }

    @Test func directoryAboveIsMadeAnew() throws {
        try put("p/q/d.yaml", "1")
        try withFollowing("p/q/d.yaml") { following in
            #expect(following.sees(["/app": "1"], within: 60))
            try move("p", "old")
            try put("p/q/d.yaml", "2")
            #expect(following.sees(["/app": "2"], within: 60))
        }
    }

    @Test func whatALinkInADirectoryLeadsTo() throws {
        try put("shared/d.yaml", "1")
        try put("files/other.yaml", "0")
        try Files.makeLink(Files.join(folder, "files/x.yaml"), to: "../shared/d.yaml")
        try withFollowing("files") { following in
            #expect(following.sees(["/app": "1"], within: 60))
            try put("shared/d.yaml", "2")
            #expect(following.sees(["/app": "2"], within: 60))
        }
    }
}
