import JSON
import KeyValue
import YAML

@testable import Backends

/// A file of the file backend is refused with a position in it, or read to clean paths.
///
/// JSON that is also YAML gives the same as either.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        let bytes = Array(input)
        let limits = FileLimits(aliasedNodes: 1000, bytes: 100_000)
        let yaml = read(bytes, limits, yamlPairs)
        let json = read(bytes, limits, JSONReader.pairs)
        if let yaml, let json, isYAML(bytes) {
            check(yaml.elementsEqual(json) { $0 == $1 }, "JSON gives the same when read as YAML")
        }
        check(json == nil || yaml != nil || !isYAML(bytes), "JSON is read as YAML")
        checkSyntax(bytes)
    }

    /// What passes as YAML begins with a document that can be read as a tree.
    private static func checkSyntax(_ bytes: [UInt8]) {
        do throws(YAMLError) {
            try YAMLSyntax.check(bytes)
        } catch {
            check(!error.message.isEmpty && error.position.line > 0, "the error says something, and where")
            return
        }
        // Which error it is does not matter here.
        check((try? YAMLDocument(bytes)) != nil, "a document without errors is read")
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        _ = read(Array(input), FileLimits(), yamlPairs)
        _ = read(Array(input), FileLimits(), JSONReader.pairs)
    }

    private static func yamlPairs(_ bytes: [UInt8], _ limits: FileLimits) throws(ContentError) -> [KeyTree.Pair] {
        try YAMLReader.pairs(bytes, limits: limits)
    }

    private typealias Reader = ([UInt8], FileLimits) throws(ContentError) -> [KeyTree.Pair]

    private static func read(_ bytes: [UInt8], _ limits: FileLimits, _ reader: Reader) -> [KeyTree.Pair]? {
        do throws(ContentError) {
            let pairs = try reader(bytes, limits)
            for pair in pairs {
                check(pair.key.first == slash && Path.join([pair.key]) == pair.key, "a key is a clean path")
            }
            let size = pairs.reduce(0) { $0 + $1.key.count + $1.value.count }
            check(size <= limits.bytes + 2 * bytes.count + 1000, "no more than the limit is collected")
            return pairs
        } catch {
            let lineCount = bytes.count { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") || $0 >= 0x80 } + 1
            check((1...lineCount + 1).contains(error.position.line), "line \(error.position.line) is in the file")
            check((1...bytes.count + 1).contains(error.position.column), "the column is in the file")
            let failure = FileError(path: "f", position: error.position, kind: error.kind).backendError
            check(!failure.message.isEmpty, "the error says something")
            return nil
        }
    }

    private static let slash = UInt8(ascii: "/")

    /// Whether JSON means the same in YAML: a key must stand on one line with its colon and be short, and escapes differ.
    private static func isYAML(_ bytes: [UInt8]) -> Bool {
        bytes.count < 500 && bytes.first == UInt8(ascii: "{")
            && bytes.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }
    }

    static let pumps = [
        Pump("mapping") { "k\($0): v\n" },
        Pump("nested mapping", "a:\n") { " k\($0): {a: [1, 2]}\n" },
        Pump("equal keys") { _ in "k: v\n" },
        Pump("list", "a: [", suffix: "]") { _ in "1, " },
        Pump("numbers", "a: [", suffix: "]") { _ in "0x1F, 1_000, 1e3, 0b1, .5, " },
        Pump("block list", "a:\n") { _ in "- b\n" },
        Pump("mappings of a list", "a:\n") { _ in "- b: c\n  d: e\n" },
        Pump("aliases", "a: &a 1\nb: [", suffix: "]") { _ in "*a, " },
        Pump("anchors", "a: [", suffix: "]") { "&a\($0) 1, *a\($0), " },
        Pump("merges", "a: &a {b: c}\n") { "m\($0): {<<: *a, d: e}\n" },
        Pump("merges of one mapping", "a: &a {b: c}\nm:\n") { _ in "  <<: *a\n" },
        Pump("long plain text", "a: ") { _ in "word " },
        Pump("text of many lines", "a: |\n") { _ in " line\n" },
        Pump("quoted text", "a: \"", suffix: "\"") { _ in "\\n\\u00e9 " },
        Pump("binary", "a: !!binary |\n") { _ in " YWJj\n" },
        Pump("comments") { _ in "# c\n" },
        Pump("long key", suffix: ": v") { _ in "k" },
        Pump("long number", "a: ") { _ in "1" },
        Pump("long fraction", "a: 1.") { _ in "1" },
        Pump("JSON", "{", suffix: "\"z\":0}") { "\"k\($0)\":[1,{\"a\":null}]," },
    ]
}
