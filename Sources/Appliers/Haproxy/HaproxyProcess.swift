/// Which process answers, from `show info`.
struct HaproxyProcess: Equatable {
    /// Its id and when it started: an id alone may come again, in a container it even does.
    let id: String
    let start: String
    let version: String
    /// It was replaced by a reload, and ends when its last connections do, ours among them.
    let isStopping: Bool

    /// Nil for an answer that is none.
    init?(_ answer: [UInt8]) {
        var values: [Substring: Substring] = [:]
        for line in String(decoding: answer.prefix(16 << 10), as: UTF8.self).split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
        }
        guard let id = values["Pid"], let version = values["Version"] else { return nil }
        self.id = String(id)
        self.version = String(version)
        start = values["Start_time_sec"].map(String.init) ?? ""
        isStopping = values["Stopping"] == "1"
    }

    /// Whether servers can be added without the word `experimental-mode`: from 2.6 on. Versions that cannot be read are
    /// taken to be newer.
    var canAddServers: Bool {
        let parts = version.split(separator: ".").map { part in Int(part.prefix { $0.isNumber && $0.isASCII }) }
        guard parts.count >= 2, let major = parts[0], let minor = parts[1] else { return true }
        return (major, minor) >= (2, 6)
    }
}
