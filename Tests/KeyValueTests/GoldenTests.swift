import Testing

@testable import KeyValue

@Suite struct GoldenTests {
    @Test(arguments: goldenListings + goldenGlobs)
    func answersAsConfd(_ golden: Golden) throws {
        let snapshot = Snapshot(keys: try #require(goldenStores[golden.store]))
        for row in golden.rows {
            #expect(answer(snapshot, row.query, row.argument) == row.answer, "\(row.query) \"\(row.argument)\"")
        }
    }

    private func answer(_ snapshot: Snapshot, _ query: String, _ argument: String) -> String {
        let names: [String]
        switch query {
        case "exists": return snapshot.find(argument) == nil ? "false" : "true"
        case "ls": names = snapshot.children(of: argument)
        case "lsdir": names = snapshot.directories(of: argument)
        default:
            do throws(PatternError) { names = try snapshot.keys(matching: argument) } catch { return "!" }
        }
        return names.isEmpty ? "-" : names.map { $0 + ";" }.joined()
    }

    @Test func cleansPathsAsGo() {
        for row in goldenPaths {
            withBytes(row.path) { path in
                #expect(text(Path.clean(path).array(of: path)) == row.clean, "Clean \(row.path)")
                #expect(text(Path.base(path).array(of: path)) == row.base, "Base \(row.path)")
                #expect(text(Path.dir(path).array(of: path)) == row.dir, "Dir \(row.path)")
                let isRegular = row.clean == row.path && row.path.hasPrefix("/") && row.path != "/"
                #expect(Path.isCleanAbsolute(path) == isRegular, "\(row.path)")
            }
        }
    }

    @Test(arguments: [
        (["/", "a"], "/a"), (["/", ""], "/"), (["", ""], ""), (["/", "/a//b/"], "/a/b"), (["a", "../b"], "b"),
        (["/a", "../../b"], "/b"), (["", "a", "", "b"], "a/b"),
    ])
    func joinsAsGo(_ elements: [String], _ joined: String) {
        #expect(text(Path.join(elements.map { Array($0.utf8) })) == joined)
    }
}
