import Posix

/// The ids of the leases that hold registered keys: after a restart with another `ttl`, or of the machine, keys on them are known as
/// ours.
extension StateDirectory {
    private static let leasesName = "leases"
    /// The first line of the file; each line after it has an id.
    private static let leasesHead = "confd-leases 1"

    /// Those that were kept last; none if there are none, or none that this version reads.
    var leases: Set<Int64> {
        guard let bytes = content(of: Self.leasesName) else { return [] }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.first.map(String.init) == Self.leasesHead else { return [] }
        return Set(lines.dropFirst().compactMap { Int64($0) }.filter { $0 > 0 })
    }

    /// Keeps `leases` in place of others; on disk when this returns.
    func save(leases: Set<Int64>) throws(SystemError) {
        let lines = [Self.leasesHead] + leases.sorted().map { "\($0)" }
        try save(Array(lines.map { $0 + "\n" }.joined().utf8), as: Self.leasesName)
    }
}
