import JSON
import KeyValue

/// Reads all secrets below some paths of one server, each by a call of its own.
struct VaultReader {
    private let client: VaultClient
    private let limits: HTTPLimits
    private let memoryLimit: Int
    private let builder = Snapshot.Builder()
    private var size = 0
    /// The mounts of the KV engine, version 2, that were looked at, each with a slash at its end, and the other mounts.
    private var versioned: Set<[UInt8]> = []
    private var others: Set<[UInt8]> = []
    private var visited: Set<[UInt8]> = []
    /// Keys of which something was left out.
    private(set) var incomplete: [[UInt8]] = []

    private static let slash = UInt8(ascii: "/")
    /// How many folders may be in each other below the path that is asked for: listings come from the server, and each level is a
    /// call of `walk`.
    static let deepest = 256

    init(_ client: VaultClient, _ limits: HTTPLimits, memoryLimit: Int) {
        self.client = client
        self.limits = limits
        self.memoryLimit = memoryLimit
    }

    mutating func read(_ ranges: [KeyRange]) throws(VaultFailure) -> Snapshot {
        for range in ranges where range.path != [Self.slash] {
            try walk(Array(range.path.dropFirst()), isFolder: true, isSecret: true, level: 0)
        }
        return builder.finish()
    }

    /// Reads `path` and what is below. `isFolder` and `isSecret` say what the parent's listing has it as.
    private mutating func walk(
        _ path: [UInt8], isFolder: Bool, isSecret: Bool, level: Int
    ) throws(VaultFailure) {
        if level > Self.deepest {
            throw VaultFailure(limits.node, .read([Self.slash] + path.prefix(60)), .answer(.tooDeep))
        }
        let place = try place(of: path)
        var names: [[UInt8]] = []
        var closed: VaultFailure?
        if isFolder, visited.insert(path + [Self.slash]).inserted {
            do throws(VaultFailure) {
                names = try client.get(place.listing, lists: true, .read([Self.slash] + path), limits)?.listing ?? []
            } catch {
                // A policy may allow reading alone, and what is no folder may not be listed.
                guard error.refusal?.isForbidden == true || error.refusal?.status == 405 else { throw error }
                closed = error
            }
        }
        if isSecret, visited.insert(path).inserted { try readSecret(path, place, isListed: !names.isEmpty, closed) }
        for name in Set(names) where Self.isName(name) {
            let isFolder = name.last == Self.slash
            let below = path + [Self.slash] + (isFolder ? Array(name.dropLast()) : name)
            // Names count too: a server may list any number of empty folders.
            size += below.count
            try checkSize(below)
            try walk(below, isFolder: isFolder, isSecret: !isFolder, level: level + 1)
        }
    }

    /// Names come from the server: none may lead elsewhere.
    private static func isName(_ name: [UInt8]) -> Bool {
        let name = name.last == slash ? name.dropLast() : name[...]
        return !name.isEmpty && !name.contains(slash) && !name.elementsEqual(".".utf8) && !name.elementsEqual("..".utf8)
    }

    private mutating func readSecret(
        _ path: [UInt8], _ place: Place, isListed: Bool, _ closed: VaultFailure?
    ) throws(VaultFailure) {
        let key = [Self.slash] + path
        let answer: JSONAnswer?
        do throws(VaultFailure) { answer = try client.get(place.secret, .read(key), limits) } catch {
            // The path of the folder itself need not be readable if its entries are.
            if isListed, error.refusal?.isForbidden == true { return }
            throw error
        }
        var data = answer?.member("data", of: 0)
        if place.isVersioned { data = answer?.member("data", of: data) }
        guard let answer, let data, answer.kind(data) == .object else {
            if let closed, closed.refusal?.isForbidden == true { throw closed }
            return
        }
        let values = VaultValues(key, answer, data: data)
        if values.isIncomplete { incomplete.append(key) }
        for pair in values.pairs {
            size += pair.key.count + pair.value.count
            pair.key.withUnsafeBufferPointer { key in
                pair.value.withUnsafeBufferPointer { builder.append(key: key, value: $0) }
            }
        }
        try checkSize(path)
    }

    private func checkSize(_ path: [UInt8]) throws(VaultFailure) {
        guard size > memoryLimit else { return }
        throw VaultFailure(limits.node, .read([Self.slash] + path), .answer(.tooMuch(limit: memoryLimit)))
    }

    private struct Place {
        var listing: [UInt8]
        var secret: [UInt8]
        var isVersioned = false
    }

    /// The paths of the API for `path`. With `data` or `metadata` in it, as confd 0.17 needs for version 2, it is one of the API
    /// already.
    private mutating func place(of path: [UInt8]) throws(VaultFailure) -> Place {
        let plain = Place(listing: path, secret: path)
        guard let mount = try versionedMount(of: path) else { return plain }
        let rest = path.dropFirst(mount.count)
        let first = rest.prefix { $0 != Self.slash }
        if first.elementsEqual("data".utf8) || first.elementsEqual("metadata".utf8) { return plain }
        return Place(
            listing: mount + Array("metadata/".utf8) + rest, secret: mount + Array("data/".utf8) + rest,
            isVersioned: true)
    }

    private mutating func versionedMount(of path: [UInt8]) throws(VaultFailure) -> [UInt8]? {
        let folder = path + [Self.slash]
        if let mount = versioned.first(where: { folder.starts(with: $0) }) { return mount }
        if others.contains(where: { folder.starts(with: $0) }) { return nil }
        let answer: JSONAnswer?
        do throws(VaultFailure) {
            answer = try client.get(Array("sys/internal/ui/mounts/".utf8) + path, .look, limits)
        } catch {
            // The server does not tell the mount: the path is taken as it is.
            guard let status = error.refusal?.status, [400, 403, 404].contains(status) else { throw error }
            return nil
        }
        guard let answer, let mount = answer.text("path", of: answer.member("data", of: 0)), mount.hasSuffix("/"),
            folder.starts(with: mount.utf8)
        else { return nil }
        let options = answer.member("options", of: answer.member("data", of: 0))
        guard answer.text("version", of: options) == "2" else {
            others.insert(Array(mount.utf8))
            return nil
        }
        versioned.insert(Array(mount.utf8))
        return Array(mount.utf8)
    }
}
