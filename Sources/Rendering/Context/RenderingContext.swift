import JSON
import KeyValue
import RegularExpressions
import TextTemplate

/// The state of one rendering, for its functions: the snapshot, the environment, and notes of what was read.
/// A rendering runs on one thread, and its context stays with it.
final class RenderingContext {
    let snapshot: Snapshot
    let environment: any Environment
    let includes: IncludeCache
    let limits: Limits
    /// The clean paths of the included templates that are being rendered, outermost first.
    var openIncludes: [ByteString] = []
    /// The texts of `openIncludes`.
    var openSources: [ByteString] = []
    /// The clean paths of all templates that were included or looked for.
    private(set) var includedPaths: Set<ByteString> = []

    /// Names of templates that errors quote: keys' values may be among them.
    var quotations: [Quotation] = []

    /// The places of templates that wrote `<no value>`, and the paths of those that were included.
    private(set) var absentValues: [(path: ByteString?, value: AbsentValue)] = []

    /// Answers `healthy` and `health`; nil where nothing is checked.
    var healthSource: (any HealthSource)?
    /// Whether one of them was called.
    private(set) var readsHealth = false

    /// What is noted of the rendering; nil if nobody asks.
    var recording: Recording?

    /// Whether a missing key reads as empty.
    var missingKeysAreEmpty = false
    /// The keys that were read as empty because they are missing, each once and the first few of them.
    private(set) var keysReadAsEmpty: [ByteString] = []

    /// The key that was asked for last and is missing where that is an error, or whose value a function could not use.
    var keyAtFault: ByteString?

    /// What values were decrypted to, each once.
    private(set) var secrets: Set<ByteString> = []

    /// Lists whose arrays hold parts of themselves.
    private var cycles: [Slice] = []

    /// What is probably a mistake, and no error; the first few of each kind, each once.
    private(set) var remarks: [RenderRemark] = []

    /// Working memory for decoding JSON.
    @exclusivity(unchecked)  // used by one call at a time, which calls nothing that would use it
    var document = JSONDocument()

    private var reads = ReadSet.Recorder()
    /// Where a key was found last: the next is often near.
    private var lastIndex = 0
    private var expressions: [ByteString: RegularExpression] = [:]
    /// About how many bytes they take.
    private var expressionSize = 0
    /// The last pattern of keys: loops use one again and again, or a new one each time.
    private var lastGlob: (pattern: ByteString, glob: Glob)?
    /// Where patterns are no longer kept, in number and in bytes: templates that compute patterns from data must not fill the
    /// memory.
    private static let (mostPatterns, mostPatternBytes) = (256, 64 << 20)
    private static let wildcards = Array("*?[\\".utf8)

    init(snapshot: Snapshot, environment: any Environment, includes: IncludeCache, limits: Limits) {
        self.limits = limits
        self.snapshot = snapshot
        self.environment = environment
        self.includes = includes
    }

    deinit {
        for list in cycles { list.empty() }
    }

    /// The read set of everything read so far.
    var readSet: ReadSet { reads.finish() }

    // MARK: - Keys

    /// The index of `key` in the snapshot, nil if it is missing.
    func index(of key: ByteString) -> Int? {
        key.withBytes { bytes in
            reads.noteKey(bytes)
            guard let index = snapshot.find(bytes, near: lastIndex) else {
                if bytes.first != UInt8(ascii: "/") { noteAbsentSlash(bytes) }
                return nil
            }
            lastIndex = index
            return index
        }
    }

    /// The keys that match `pattern`.
    func indices(matching pattern: ByteString) throws(PatternError) -> [Range<Int>] {
        let glob: Glob
        if let lastGlob, lastGlob.pattern == pattern {
            glob = lastGlob.glob
        } else {
            glob = pattern.withBytes { Glob($0) }
            lastGlob = (pattern, glob)
        }
        reads.noteGlob(glob)
        let found = try snapshot.glob(glob, near: lastIndex)
        if let last = found.last {
            lastIndex = last.upperBound
        } else {
            pattern.withBytes { bytes in
                let literal = bytes.prefix { !Self.wildcards.contains($0) }
                guard let end = literal.lastIndex(of: UInt8(ascii: "/")), end > 0 else { return }
                noteNothing(below: UnsafeBufferPointer(rebasing: bytes[..<end]))
            }
        }
        return found
    }

    func children(of path: ByteString) -> [Window] {
        path.withBytes { bytes in
            reads.noteListing(of: bytes)
            let found = snapshot.children(of: bytes)
            if found.count < 2 { noteNothing(below: bytes) }
            return found
        }
    }

    func directories(of path: ByteString) -> [Window] {
        path.withBytes { bytes in
            reads.noteListing(of: bytes)
            let found = snapshot.directories(of: bytes)
            if found.isEmpty { noteNothing(below: bytes) }
            return found
        }
    }

    // MARK: - Other things that are kept for the rendering

    /// The compiled form of `pattern`.
    func expression(_ pattern: ByteString) throws(RegularExpressionError) -> RegularExpression {
        if let expression = expressions[pattern] { return expression }
        let expression = try RegularExpression(pattern)
        if expressions.count == Self.mostPatterns || expressionSize > Self.mostPatternBytes {
            (expressions, expressionSize) = ([:], 0)
        }
        expressions[pattern] = expression
        expressionSize += expression.size
        return expression
    }

    /// Notes a place of the current template that wrote `<no value>`; the first 64 are kept.
    func noteAbsent(_ value: AbsentValue) {
        if absentValues.count < 64 { absentValues.append((openIncludes.last, value)) }
    }

    /// Which key's value `text` is or is a part of, to say so in an error; nil if it was made by a function. Looks
    /// through all keys, so it is for errors alone.
    func origin(of text: ByteString, failingAt offset: Int?) -> String? {
        guard let index = text.isEmpty ? indexOfEmpty(text) : index(around: text) else { return nil }
        keyAtFault = ByteString(snapshot.keyBytes(index))
        let key = "\"\(String(decoding: snapshot.keyBytes(index), as: UTF8.self))\""
        if text.isEmpty { return "the value of \(key) is empty" }
        guard snapshot.valueBytes(index).count == text.count else { return "it is a part of the value of \(key)" }
        return offset.map { "it is the value of \(key), byte \($0)" } ?? "it is the value of \(key)"
    }

    /// The key in whose value `text` is.
    private func index(around text: ByteString) -> Int? {
        text.withBytes { part in
            (0..<snapshot.count).first { index in
                let value = snapshot.valueBytes(index)
                guard let start = value.baseAddress, let base = part.baseAddress else { return false }
                return start <= base && base + part.count <= start + value.count
            }
        }
    }

    /// The key whose empty value is at the place of `text`; nil if several are there.
    private func indexOfEmpty(_ text: ByteString) -> Int? {
        text.withBytes { part in
            let found = (0..<snapshot.count).lazy.filter { index in
                let value = self.snapshot.valueBytes(index)
                return value.isEmpty && part.baseAddress != nil && value.baseAddress == part.baseAddress
            }.prefix(2)
            return found.count == 1 ? found.first : nil
        }
    }

    /// Notes a missing key that is read as empty.
    func noteReadAsEmpty(_ key: ByteString) {
        if keysReadAsEmpty.count < 16, !keysReadAsEmpty.contains(key) { keysReadAsEmpty.append(ByteString(key.array)) }
    }

    /// Notes what is probably a mistake; the first 16 are kept.
    func note(_ remark: RenderRemark) {
        if remarks.count < 16, !remarks.contains(remark) { remarks.append(remark) }
    }

    /// Notes that there is nothing at or below `path`, which begins without a slash, if there is with one.
    private func noteAbsentSlash(_ path: UnsafeBufferPointer<UInt8>) {
        guard remarks.count < 16, !path.isEmpty, snapshot.children(of: path).isEmpty else { return }
        ([UInt8(ascii: "/")] + path).withUnsafeBufferPointer { absolute in
            guard snapshot.find(absolute) != nil || !snapshot.children(of: absolute).isEmpty else { return }
            note(.withoutSlash(path: ByteString(Array(path))))
        }
    }

    /// Notes that nothing is below `path`, if that is because there is a value at it.
    func noteNothing(below path: UnsafeBufferPointer<UInt8>) {
        // A key is one of its own names.
        if path.first != UInt8(ascii: "/") { return noteAbsentSlash(path) }
        guard remarks.count < 16, let index = snapshot.find(path), snapshot.children(of: path).count < 2 else { return }
        note(.listsValue(key: ByteString(snapshot.keyBytes(index))))
    }

    func noteSecret(_ plainText: ByteString) { secrets.insert(plainText) }

    /// The record of `key` by the health checks; nil if none covers it.
    func health(ofKey key: ByteString) -> HealthRecord? {
        readsHealth = true
        return healthSource?.health(ofKey: key)
    }

    /// Has `list` emptied when the rendering has ended.
    func noteCycle(_ list: Slice) { cycles.append(list) }

    func noteInclude(_ path: ByteString) { includedPaths.insert(path) }
}

extension Arguments {
    /// The context of the rendering in which the function is called.
    var rendering: RenderingContext {
        guard let context = userData, type(of: context) == RenderingContext.self else {
            preconditionFailure("confd's functions are called in a rendering")
        }
        // The class is final, so comparing the types is exact, and much faster than a cast.
        return unsafeDowncast(context, to: RenderingContext.self)
    }
}
