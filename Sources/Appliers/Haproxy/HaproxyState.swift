import Posix

/// The answer to `show servers state BACKEND`: a version, the names of the columns, a line for each server.
enum HaproxyState {
    /// Why the answer cannot be read.
    struct Malformed: Error, Equatable {
        let reason: String
    }

    /// SRV_ADMF_FMAINT
    private static let maintenance = 0x01
    /// SRV_ADMF_IMAINT, SRV_ADMF_RMAINT, SRV_ADMF_HMAINT: for other reasons than a command.
    private static let otherMaintenance = 0x62
    /// SRV_ADMF_FDRAIN and SRV_ADMF_IDRAIN
    private static let drain = 0x18
    /// SRV_ST_STARTING and SRV_ST_RUNNING.
    private static let up = 1...2
    /// CHK_ST_CONFIGURED and CHK_ST_ENABLED
    private static let isConfigured = 0x02
    private static let isEnabled = 0x04
    /// HCHK_STATUS_UNKNOWN and HCHK_STATUS_INI: no check has ended yet. srv_check_result says the same while one is under way.
    private static let unchecked = 0...1

    static func servers(_ answer: [UInt8]) throws(Malformed) -> [RunningServer] {
        let lines = answer.split(separator: UInt8(ascii: "\n"))
        guard lines.count >= 2, lines[0].elementsEqual("1".utf8), lines[1].starts(with: "# ".utf8) else {
            throw Malformed(reason: "not a list of servers")
        }
        let columns = Columns(lines[1])
        var servers: [RunningServer] = []
        servers.reserveCapacity(lines.count - 2)
        for line in lines[2...] { servers.append(try server(Row(line, columns))) }
        return servers
    }

    private static func server(_ row: Row) throws(Malformed) -> RunningServer {
        let name = try row.text("srv_name")
        let admin = try row.number("srv_admin_state")
        var server = RunningServer(key: name, handle: name)
        server.address = try address(row)
        server.weight = try row.number("srv_uweight")
        server.phase = admin & maintenance != 0 ? .stopped : admin & drain != 0 ? .draining : .serving
        let isFree = admin & (maintenance | otherMaintenance | drain) == 0
        let isRunning = up.contains(try row.number("srv_op_state"))
        // haproxy takes a new server for healthy until its first check; here it counts only after that.
        let check = try row.number("srv_check_state")
        let lastCheck = try row.number("srv_check_status")
        let isUnproven = check & isEnabled != 0 && unchecked.contains(lastCheck)
        server.isUp = isFree && isRunning && server.weight != 0 && !isUnproven
        let number = try row.number("srv_id")
        if try row.number("srv_f_forced_id") == 1, WordsFingerprint.isOurs(number) {
            server.words = .fingerprint(UInt32(number))
        }
        let checks = [check, try row.number("srv_agent_state")]
        server.lacksChecks = checks.contains { $0 & isConfigured != 0 && $0 & isEnabled == 0 }
        return server
    }

    private static func address(_ row: Row) throws(Malformed) -> RunningServer.Address {
        let host = try row.text("srv_addr")
        let name = try row.text("srv_fqdn")
        let port = try row.number("srv_port")
        let hosts = [host, name].filter { $0 != "-" }
        if hosts.isEmpty { return .somewhereUnix }
        // Without a port of its own the server has the client's, which no desired server has.
        return .known(hosts.compactMap { ServerAddress("\(HostPort.bracketed($0)):\(port)") })
    }
}

/// Which column has which name.
private struct Columns {
    let indices: [String: Int]

    init(_ header: ArraySlice<UInt8>) {
        let names = header.dropFirst(2).split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        indices = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    }
}

/// The line of one server.
private struct Row {
    private let columns: Columns
    private let fields: [ArraySlice<UInt8>]

    init(_ line: ArraySlice<UInt8>, _ columns: Columns) {
        self.columns = columns
        fields = line.split(separator: UInt8(ascii: " "))
    }

    func text(_ column: String) throws(HaproxyState.Malformed) -> String {
        guard let index = columns.indices[column] else { throw HaproxyState.Malformed(reason: "no column \(column)") }
        guard index < fields.count else { throw HaproxyState.Malformed(reason: "a line without \(column)") }
        return String(decoding: fields[index], as: UTF8.self)
    }

    func number(_ column: String) throws(HaproxyState.Malformed) -> Int {
        guard let number = Int(try text(column)), number >= 0 else {
            throw HaproxyState.Malformed(reason: "\(column) is no number")
        }
        return number
    }
}
