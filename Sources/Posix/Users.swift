import Glibc

/// The names and numbers of users and groups.
package enum Users {
    /// The number of the user `name`, nil if there is none.
    package static func uid(of name: String) throws(SystemError) -> UInt32? {
        try entry("getpwnam_r", name, passwd()) { getpwnam_r(name, $0, $1, $2, $3) }.map { $0.uid }
    }

    /// The number of the group `name`, nil if there is none.
    package static func gid(of name: String) throws(SystemError) -> UInt32? {
        try entry("getgrnam_r", name, group()) { getgrnam_r(name, $0, $1, $2, $3) }.map { $0.gid }
    }

    /// The name of the user `uid`, nil if it has none.
    package static func name(uid: UInt32) throws(SystemError) -> String? {
        try entry("getpwuid_r", nil, passwd()) { getpwuid_r(uid, $0, $1, $2, $3) }?.name
    }

    /// The name of the group `gid`, nil if it has none.
    package static func name(gid: UInt32) throws(SystemError) -> String? {
        try entry("getgrgid_r", nil, group()) { getgrgid_r(gid, $0, $1, $2, $3) }?.name
    }

    /// The user whose rights we have.
    package static var effectiveUID: UInt32 { geteuid() }

    /// The group whose rights we have.
    package static var effectiveGID: UInt32 { getegid() }

    /// Whether `uid` is root's or ours: links of other users are not trusted.
    package static func isRootOrOurs(_ uid: UInt32) -> Bool { uid == 0 || uid == effectiveUID || isUnmapped(uid) }

    /// Whether `uid` stands for users that this user namespace does not know, the machine's root among them: the
    /// kernel shows all of those as 65534.
    package static func isUnmapped(_ uid: UInt32) -> Bool { uid == 65_534 && overflowIsUnmapped }

    /// Lines of `FIRST-HERE FIRST-OUTSIDE COUNT`. Without /proc the map is unknown, and no other user counts as root.
    private static let overflowIsUnmapped: Bool = {
        guard let map = try? Files.read("/proc/self/uid_map", limit: 65_536) else { return false }
        return !map.split(separator: UInt8(ascii: "\n")).contains { line in
            let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            let numbers = words.map { UInt64($0) ?? 0 }
            return numbers.count == 3 && numbers[0] <= 65_534 && 65_534 < numbers[0] + numbers[2]
        }
    }()

    private struct Entry {
        let name: String
        let uid: UInt32
        let gid: UInt32
    }

    /// Looks an entry up, with a larger buffer as long as it does not fit.
    private static func entry<Raw>(
        _ call: StaticString, _ name: String?, _ empty: Raw,
        _ find: (
            UnsafeMutablePointer<Raw>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<Raw>?>
        ) -> Int32
    ) throws(SystemError) -> Entry? {
        var size = 1_024
        while true {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { buffer.deallocate() }
            var raw = empty
            var found: UnsafeMutablePointer<Raw>?
            do throws(SystemError) {
                try SystemCall.runReturningCode(call, name) { find(&raw, buffer, size, &found) }
                return found == nil ? nil : copy(raw)
            } catch let error where error.code == ERANGE && size < 1 << 24 {
                size *= 4
            } catch let error where error.code == ENOENT || error.code == ESRCH {
                // getpwnam(3): some name services return these errors for "not found".
                return nil
            }
        }
    }

    private static func copy<Raw>(_ raw: Raw) -> Entry? {
        switch raw {
        case let user as passwd: Entry(name: String(cString: user.pw_name), uid: user.pw_uid, gid: user.pw_gid)
        case let group as group: Entry(name: String(cString: group.gr_name), uid: .max, gid: group.gr_gid)
        default: nil
        }
    }
}
