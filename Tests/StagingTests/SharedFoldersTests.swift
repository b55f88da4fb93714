#if DEBUG
    import Glibc
    import Posix
    import TestSupport
    import Testing

    @testable import Staging

    /// Destinations in one directory share the open directory, so that only the first walks its path.
    @Suite struct SharedFoldersTests {
        let folder: TemporaryDirectory
        let folders = SharedFolders()

        init() throws {
            folder = try TemporaryDirectory()
            try Files.makeFolder(folder("deep"))
            try Files.makeFolder(folder("deep/er"))
        }

        /// Resolves `deep/er/NAME` by less than `most` system calls.
        private func resolve(_ name: String, most: Int = .max) throws -> Destination {
            var result: Destination?
            let tookMore = try Faults.intruding(at: most) {
            } body: {
                result = try Destination(resolving: folder("deep/er/" + name), makesFolders: false, sharing: folders)
            }
            #expect(!tookMore)
            return try #require(result)
        }

        /// The second destination needs two system calls: one for the directory, and one for the name.
        @Test func theSecondNeedsNoWay() throws {
            let first = try resolve("a")
            let second = try resolve("b", most: 3)
            #expect(second.target == folder("deep/er/b") && second.place != first.place)
            for destination in [first, second] { try destination.apply("new") }
            #expect(folder.text("deep/er/a") == "new" && folder.text("deep/er/b") == "new")
        }

        @Test func theFileOfAKnownDirectoryMayBeALink() throws {
            let first = try resolve("a")
            try Files.makeLink(folder("deep/er/b"), to: "../c")
            #expect(try resolve("b").target == folder("deep/c"))
            #expect(try resolve("a").place == first.place)
        }

        @Test func anotherDirectoryOfTheSamePathIsEntered() throws {
            let first = try resolve("a")
            #expect(rename(folder("deep"), folder("away")) == 0)
            #expect(throws: StagingError.self) { try resolve("b").apply("new") }
            try Files.makeFolder(folder("deep"))
            try Files.makeFolder(folder("deep/er"))
            let second = try resolve("b")
            try second.apply("new")
            #expect(folder.text("deep/er/b") == "new")
            #expect(first.place.directory != second.place.directory)
        }

        /// A directory that stayed open without a destination in it would keep its file system from being unmounted.
        @Test func noDirectoryStaysOpen() throws {
            var first: Destination? = try resolve("a")
            weak let directory = first?.folder
            #expect(directory != nil)
            first = nil
            #expect(directory == nil)
        }
    }
#endif
