import JSON

/// A JSON answer of a server.
struct JSONAnswer {
    private let body: [UInt8]
    let document: JSONDocument

    /// Nil if `body` is no JSON of the kind `root`.
    init?(_ body: [UInt8], _ root: JSONToken.Kind = .object) {
        self.body = body
        do throws(JSONError) {
            document = try body.withUnsafeBufferPointer { (bytes) throws(JSONError) in
                try JSONDocument(parsing: bytes)
            }
        } catch { return nil }
        if document.tokens[0].kind != root { return nil }
    }

    func bytes(_ index: Int) -> [UInt8] {
        body.withUnsafeBufferPointer { input in document.withString(at: index, in: input) { Array($0) } }
    }

    /// The number at `index` as it is written.
    func digits(_ index: Int) -> [UInt8] { Array(body[document.tokens[index].range]) }

    func kind(_ index: Int) -> JSONToken.Kind { document.tokens[index].kind }

    /// The value of the last member `name` of the object at `index`; nil if there is none or it is null.
    func member(_ name: String, of index: Int?) -> Int? {
        guard let index, kind(index) == .object else { return nil }
        let key = document.keys(of: index).last { bytes($0).elementsEqual(name.utf8) }
        return key.flatMap { kind($0 + 1) == .null ? nil : $0 + 1 }
    }

    /// The elements of the array at `index`.
    func elements(of index: Int) -> [Int] { document.elements(of: index) }

    func text(_ name: String, of index: Int?) -> String? {
        guard let value = member(name, of: index), kind(value) == .string else { return nil }
        return String(decoding: bytes(value), as: UTF8.self)
    }

    func number(_ name: String, of index: Int?) -> Int64? {
        guard let value = member(name, of: index), kind(value) == .number else { return nil }
        return Int64(String(decoding: digits(value), as: UTF8.self))
    }

    func flag(_ name: String, of index: Int?) -> Bool { member(name, of: index).map { kind($0) == .true } ?? false }

    /// The members of an object, each name once, sorted as Go's maps are printed.
    func members(of index: Int) -> [(name: [UInt8], value: Int)] {
        var values: [[UInt8]: Int] = [:]
        for key in document.keys(of: index) { values[bytes(key)] = key + 1 }
        return values.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
    }
}
