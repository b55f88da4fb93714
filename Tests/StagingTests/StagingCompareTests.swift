import Posix
import TestSupport
import Testing

@testable import Staging

@Suite struct StagingCompareTests {
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test(
        arguments: [
            ("nothing there", nil, "a", FileAttributes(), Comparison.absent),
            ("equal", "a", "a", FileAttributes(), .same),
            ("equal and as asked", "a", "a", FileAttributes(mode: 0o640), .same),
            ("empty", "", "", FileAttributes(), .same),
            ("other byte", "a", "b", FileAttributes(), .contentDiffers([])),
            ("longer", "a", "ab", FileAttributes(), .contentDiffers([])),
            ("now empty", "a", "", FileAttributes(), .contentDiffers([])),
            ("mode", "a", "a", FileAttributes(mode: 0o600), .attributesDiffer([.mode(is: 0o640, wanted: 0o600)])),
            (
                "setuid", "a", "a", FileAttributes(mode: 0o4640), .attributesDiffer([.mode(is: 0o640, wanted: 0o4640)])
            ),
            (
                "all", "a", "b", FileAttributes(mode: 0o600, uid: 7_001, gid: 7_002),
                .contentDiffers([
                    .uid(is: Users.effectiveUID, wanted: 7_001), .gid(is: Users.effectiveGID, wanted: 7_002),
                    .mode(is: 0o640, wanted: 0o600),
                ])
            ),
        ] as [(String, String?, String, FileAttributes, Comparison)])
    func compares(
        name: String, old: String?, new: String, attributes: FileAttributes, result: Comparison
    ) throws {
        if let old { try folder.write("x", old, mode: 0o640) }
        let destination = try Destination(resolving: folder("x"))
        #expect(try destination.compare(with: Array(new.utf8), attributes: attributes) == result)
        #expect(folder.names == (old == nil ? [] : ["x"]), "nothing is created")
    }

    @Test func comparesLargeFilesToTheLastByte() throws {
        var bytes = [UInt8](repeating: 1, count: 1 << 20)
        try Files.write(bytes, to: folder("x"))
        let destination = try Destination(resolving: folder("x"))
        #expect(try destination.compare(with: bytes, attributes: FileAttributes()) == .same)
        bytes[bytes.count - 1] = 2
        #expect(try destination.compare(with: bytes, attributes: FileAttributes()) == .contentDiffers([]))
    }

    @Test(.enabled(if: Privileges.isRoot, "needs root"))
    func replacesWhatItCannotRead() throws {
        try Files.setMode(folder.path, 0o777)
        try folder.write("x", "a", mode: 0o600)
        let destination = try Destination(resolving: folder("x"))
        let (first, second) = try Privileges.with(id: 1_234) {
            let first = try destination.compare(with: [97], attributes: FileAttributes())
            try destination.apply("a")
            return (first, try destination.compare(with: [97], attributes: FileAttributes()))
        }
        #expect(
            first
                == .unreadable(SystemError(call: "open", path: folder("x"), code: Errno.accessDenied), []))
        #expect(second == .same)
    }

    @Test(arguments: [
        (AttributeDifference.uid(is: 0, wanted: 33), "/x has UID 0 should be 33"),
        (.gid(is: 5, wanted: 0), "/x has GID 5 should be 0"),
        (.mode(is: 0o644, wanted: 0o600), "/x has mode -rw-r--r-- should be -rw-------"),
        (.mode(is: 0o4755, wanted: 0o7777), "/x has mode urwxr-xr-x should be ugtrwxrwxrwx"),
        (.mode(is: 0, wanted: 0o1000), "/x has mode ---------- should be t---------"),
    ])
    func speaksAsConfdDoes(difference: AttributeDifference, message: String) {
        #expect(difference.message(dest: "/x") == message)
    }

    @Test func tellsChecksums() throws {
        try folder.write("x", "abc")
        let destination = try Destination(resolving: folder("x"))
        #expect(
            destination.checksumMessage(content: [])
                == "\(folder("x")) has md5sum 900150983cd24fb0d6963f7d28e17f72 should be d41d8cd98f00b204e9800998ecf8427e"
        )
    }
}
