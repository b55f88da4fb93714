import HTTP
import JSON

/// An answer of the v2 API that is not what its documentation says.
struct EtcdV2Malformed: Error, Equatable {
    let reason: String
}

/// An answer of the v2 API: `{"action": …, "node": {…}, "prevNode": {…}}`, or an error.
struct EtcdV2Document {
    typealias Bytes = UnsafeBufferPointer<UInt8>

    /// The indexes that a store can have: below the largest number, so that one that follows can be calculated.
    static let indexes: ClosedRange<Int64> = 0...1 << 62

    private let body: [UInt8]
    private let document: JSONDocument

    init(_ body: [UInt8]) throws(EtcdV2Malformed) {
        self.body = body
        do throws(JSONError) {
            document = try body.withUnsafeBufferPointer { (bytes) throws(JSONError) in
                try JSONDocument(parsing: bytes)
            }
        } catch { throw EtcdV2Malformed(reason: error.message) }
        guard document.tokens[0].kind == .object else { throw EtcdV2Malformed(reason: "not a JSON object") }
    }

    /// Calls `body` with each key below the answer's node, and its value. An error has none.
    func forEachKey(_ body: (_ key: Bytes, _ value: Bytes) -> Void) throws(EtcdV2Malformed) {
        // Directories still to visit: a stack of our own, since the server decides how deep they nest.
        var open = member("node", of: 0).map { [$0] } ?? []
        while let index = open.popLast() {
            guard document.tokens[index].kind == .object else { throw EtcdV2Malformed(reason: "a node is no object") }
            let node = try Node(self, index)
            if let nodes = node.nodes { open += document.elements(of: nodes).reversed() }
            if !node.isDirectory, let key = node.key, let value = node.value {
                withString(key) { key in withString(value) { value in body(key, value) } }
            }
        }
    }

    /// The event of an answer to a watch.
    enum Event: Equatable {
        /// A value of `nil`: the key is gone, perhaps because its time was over.
        case key([UInt8], value: [UInt8]?, index: Int64, isExpiry: Bool = false)
        /// Directories were made or deleted: all keys have to be read again.
        case directories
    }

    func event() throws(EtcdV2Malformed) -> Event {
        guard let action = member("action", of: 0), let index = member("node", of: 0),
            document.tokens[index].kind == .object
        else { throw EtcdV2Malformed(reason: "not an event") }
        let node = try Node(self, index)
        var wasDirectory = false
        if let previous = member("prevNode", of: 0), document.tokens[previous].kind == .object {
            wasDirectory = try Node(self, previous).isDirectory
        }
        if node.isDirectory || wasDirectory { return .directories }
        guard let key = node.key, let text = modifiedIndex(of: index) else {
            throw EtcdV2Malformed(reason: "not an event")
        }
        let name = string(action)
        let isGone = ["delete", "expire", "compareAndDelete"].contains(name)
        return .key(
            bytes(key), value: isGone ? nil : node.value.map(bytes) ?? [], index: text, isExpiry: name == "expire")
    }

    /// The answer's node as a key with its value. A directory is one that nobody holds.
    func storedKey() throws(EtcdV2Malformed) -> StoredKey {
        guard let index = member("node", of: 0), document.tokens[index].kind == .object,
            let version = modifiedIndex(of: index)
        else { throw EtcdV2Malformed(reason: "not a key") }
        let value = try Node(self, index).value.map(bytes) ?? []
        return StoredKey(
            value: value, version: version, holder: number("ttl", of: index) == nil ? .nobody : .unknown)
    }

    /// The code and message of an error.
    var error: (code: Int64, message: String)? {
        guard let code = number("errorCode", of: 0) else { return nil }
        return (code, member("message", of: 0).map(string) ?? "")
    }

    /// The parts of a node, as indices of tokens.
    private struct Node {
        var key: Int?
        var value: Int?
        var nodes: Int?
        var isDirectory = false

        init(_ source: EtcdV2Document, _ index: Int) throws(EtcdV2Malformed) {
            for member in source.document.keys(of: index) {
                let value = member + 1
                let kind = source.document.tokens[value].kind
                switch source.string(member) {
                case "key" where kind == .string: key = value
                case "value" where kind == .string: self.value = value
                case "nodes" where kind == .array: nodes = value
                case "dir" where kind == .true: isDirectory = true
                case "key", "value", "nodes": throw EtcdV2Malformed(reason: "wrong type in a node")
                default: break
                }
            }
        }
    }

    private func member(_ name: String, of object: Int) -> Int? {
        document.keys(of: object).last { string($0) == name }.map { $0 + 1 }
    }

    private func modifiedIndex(of object: Int) -> Int64? {
        number("modifiedIndex", of: object).flatMap { Self.indexes.contains($0) ? $0 : nil }
    }

    private func number(_ name: String, of object: Int) -> Int64? {
        guard let index = member(name, of: object), document.tokens[index].kind == .number else { return nil }
        return Int64(String(decoding: body[document.tokens[index].range], as: UTF8.self))
    }

    private func string(_ index: Int) -> String {
        document.tokens[index].kind == .string ? withString(index) { String(decoding: $0, as: UTF8.self) } : ""
    }

    private func bytes(_ index: Int) -> [UInt8] { withString(index) { Array($0) } }

    private func withString<Result>(_ index: Int, _ use: (Bytes) -> Result) -> Result {
        body.withUnsafeBufferPointer { document.withString(at: index, in: $0, use) }
    }
}

extension EtcdV2Refusal {
    /// The refusal that `response` is.
    init(_ response: Response) {
        // Anything may be in the body, a proxy's page for example: then only the status counts.
        let error = (try? EtcdV2Document(response.body))?.error
        self.init(
            status: response.head.status, code: error?.code, message: error.map { GRPCStatus.decode($0.message) } ?? "")
    }
}
