import KeyValue
import Synchronization
import Testing

@testable import Backends

@Suite struct EnvironmentBackendTests {
    static let variables = [
        "APP=1", "APP_DB_HOST=h=1", "APP2=2", "APPLE=3", "app_low=4", "A__B=5", "_C=6", "EMPTY=", "Mixed_Case=7", "É=8",
    ]

    @Test(
        "Names become keys, and ranges end at borders",
        arguments: [
            ("/app", ["/app=1", "/app/db/host=h=1"]),
            ("/app/db", ["/app/db/host=h=1"]),
            // confd asks for APP_DB, however the key is spelt.
            ("/app_db", ["/app/db/host=h=1"]),
            ("/App/Db", ["/app/db/host=h=1"]),
            ("/app2", ["/app2=2"]),
            ("/app/low", []),
            ("/a", ["/a//b=5"]),
            ("/é", ["/é=8"]),
            ("/empty", ["/empty="]),
            ("/mixed/case", []),
            ("/none", []),
        ])
    func range(path: String, expected: [String]) throws {
        #expect(try keys([path]) == expected.sorted())
    }

    @Test func root() throws {
        let expected = [
            "//c=6", "/a//b=5", "/app/db/host=h=1", "/app/low=4", "/app2=2", "/app=1", "/apple=3", "/empty=",
            "/mixed/case=7",
            "/é=8",
        ]
        #expect(try keys(["/"]) == expected.sorted())
    }

    @Test func severalRanges() throws {
        #expect(try keys(["/app2", "/empty", "/app2"]) == ["/app2=2", "/empty="])
        #expect(try keys([]) == [])
    }

    @Test("Values and odd names are bytes")
    func bytes() throws {
        let backend = EnvironmentBackend(variables: [([0x41, 0xFF, 0x5F, 0x42], [0xFE, 0x00])])
        let pairs = backend.pairs(of: [KeyRange(cleaned: Array("/".utf8))])
        #expect(pairs.map(\.key) == [[0x2F, 0x61, 0xFF, 0x2F, 0x62]])
        #expect(pairs.map(\.value) == [[0xFE, 0x00]])
    }

    @Test("Of equal names the last one counts")
    func equalNames() throws {
        let backend = EnvironmentBackend(variables: [(Array("A".utf8), [1]), (Array("A".utf8), [2])])
        let snapshot = try backend.snapshot(of: [KeyRange(cleaned: Array("/a".utf8))], timeout: .zero)
        #expect(snapshot.count == 1)
        #expect(snapshot[0].value.array == [2])
    }

    @Test("Report: a part of a word, which confd 0.17 takes for a variable that begins so")
    func partOfAWord() throws {
        let said = Mutex<[String]>([])
        let backend = EnvironmentBackend(variables: [(Array("APP_FOO".utf8), [1]), (Array("APP".utf8), [2])]) { text in
            said.withLock { $0.append(text) }
        }
        let ranges = ["/app/f", "/app", "/other"].map { KeyRange(cleaned: Array($0.utf8)) }
        for _ in 0..<2 { #expect(try backend.snapshot(of: ranges, timeout: .zero).count == 2) }
        #expect(
            said.withLock { $0 } == [
                #"env: "/app/f" covers no variable; APP_FOO only begins so, and its key is "/app/foo": "#
                    + "name that one, or what is above it"
            ])
    }

    private func keys(_ paths: [String]) throws -> [String] {
        let variables = Self.variables.map { entry in
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: Array(parts[0].utf8), value: Array(parts[1].utf8))
        }
        let ranges = paths.map { KeyRange(cleaned: Array($0.utf8)) }
        let snapshot = try EnvironmentBackend(variables: variables).snapshot(of: ranges, timeout: .zero)
        return (0..<snapshot.count).map { text(snapshot[$0].key) + "=" + text(snapshot[$0].value) }.sorted()
    }

    private func text(_ window: Window) -> String { String(decoding: window.array, as: UTF8.self) }
}
