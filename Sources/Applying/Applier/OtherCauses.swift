import Posix

/// What a file was last made from besides keys, and what it held, to tell what has changed since.
struct Making: Sendable {
    private let sources: [String: FileStatus?]
    /// Equal contents have equal hashes; to keep the content itself would double the memory of a resource.
    private let contentHash: Int

    init(_ content: [UInt8], _ inputs: Inputs) {
        sources = inputs.sources
        contentHash = content.hashValue
    }

    /// The sources that are not as they were.
    fileprivate func changedSources(_ inputs: Inputs) -> [String] {
        inputs.sources.filter { path, status in sources[path] != .some(status) }.keys.sorted()
    }

    fileprivate func gave(_ content: [UInt8]) -> Bool { contentHash == content.hashValue }
}

/// What has changed besides keys since a file was last as it should be.
struct OtherCauses: Sendable {
    /// Files that are known to have changed.
    let named: [AppliedChange.Cause]
    /// The cause if neither a key nor a file is known to have changed; nil if nothing is known of the last rendering.
    private let otherwise: AppliedChange.Cause?

    /// Nothing is known.
    init() {
        named = []
        otherwise = nil
    }

    /// The causes of a rendering that gave `content`.
    init(of content: [UInt8], _ inputs: Inputs, since history: History) {
        let resourceFile: [AppliedChange.Cause] = history.isRedefined ? [.resourceFile] : []
        named = resourceFile + (history.made?.changedSources(inputs) ?? []).map { .source(path: $0) }
        otherwise = history.made.map { $0.gave(content) ? .destination : .surroundings }
    }

    /// The causes where no key has changed.
    var withoutKeys: [AppliedChange.Cause] { named.isEmpty ? [otherwise].compactMap { $0 } : named }
}
