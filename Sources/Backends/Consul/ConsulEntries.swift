import JSON
import KeyValue

/// The keys of an answer of consul: `[{"Key": …, "Value": …}, …]`, or that in the results of a transaction.
struct ConsulEntries {
    /// Why an answer is not what the documentation says.
    struct Malformed: Error {
        let reason: String
    }

    private let answer: JSONAnswer
    /// The indices of the objects.
    private let entries: [Int]

    /// The answer to a read of a prefix.
    init(list body: [UInt8]) throws(Malformed) {
        guard let answer = JSONAnswer(body, .array) else { throw Malformed(reason: "not a list in JSON") }
        self.answer = answer
        entries = answer.elements(of: 0)
    }

    /// The answer to a transaction that reads.
    init(transaction body: [UInt8]) throws(Malformed) {
        guard let answer = JSONAnswer(body) else { throw Malformed(reason: "not an object in JSON") }
        self.answer = answer
        guard let results = answer.member("Results", of: 0) else {
            // Without any key they are null.
            guard answer.document.keys(of: 0).contains(where: { answer.bytes($0).elementsEqual("Results".utf8) }) else {
                throw Malformed(reason: "no results")
            }
            entries = []
            return
        }
        guard answer.kind(results) == .array else { throw Malformed(reason: "results that are no list") }
        var entries: [Int] = []
        for result in answer.elements(of: results) {
            guard let entry = answer.member("KV", of: result) else {
                throw Malformed(reason: "a result that is no key")
            }
            entries.append(entry)
        }
        self.entries = entries
    }

    /// The keys that `ranges` cover. Their paths are cleaned, as confd does it: the folder `app/` is `/app`. Where a key has that
    /// name already, its value counts.
    func snapshot(of ranges: KeyRangeSet) throws(Malformed) -> Snapshot {
        let builder = Snapshot.Builder()
        // Of equal keys the last one stays.
        for isCleanWanted in [false, true] {
            for entry in entries {
                guard let key = answer.member("Key", of: entry), answer.kind(key) == .string else {
                    throw Malformed(reason: "an entry without a key")
                }
                let path = [UInt8(ascii: "/")] + answer.bytes(key)
                let clean = Path.join([path])
                guard (clean == path) == isCleanWanted, clean.count > 1, ranges.contains(clean) else { continue }
                let value = try value(of: entry)
                clean.withUnsafeBufferPointer { key in
                    value.withUnsafeBufferPointer { builder.append(key: key, value: $0) }
                }
            }
        }
        return builder.finish()
    }

    /// Empty where consul has null.
    private func value(of entry: Int) throws(Malformed) -> [UInt8] {
        guard let value = answer.member("Value", of: entry) else { return [] }
        guard answer.kind(value) == .string else { throw Malformed(reason: "a value that is no text") }
        do throws(Base64.Failure) {
            return try answer.bytes(value).withUnsafeBufferPointer { text throws(Base64.Failure) in
                try Base64.decoded(text)
            }
        } catch {
            throw Malformed(reason: "a value that is not base64")
        }
    }
}
