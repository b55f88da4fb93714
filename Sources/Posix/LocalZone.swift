/// The local time zone, chosen as Go chooses it (`time.initLocal`): TZ names a file of the zone database, with or
/// without a colon before it; without TZ it is /etc/localtime; and where there is no such file, it is UTC. POSIX rules
/// in TZ itself (`CET-1CEST`) are not supported, as in Go.
package struct LocalZone: Sendable {
    /// The name as Go's `Location.String`: `Local`, `UTC` or the name of the file.
    package let name: String
    private let file: ZoneFile?

    /// The zone of this process, read once.
    package static let current = LocalZone(
        variable: Environment.text("TZ"),
        // As in Go, a file that cannot be read counts as missing.
        read: { try? Files.read($0, limit: ZoneFile.sizeLimit) })

    private static let folders = [
        "/usr/share/zoneinfo/", "/usr/share/lib/zoneinfo/", "/usr/lib/locale/TZ/", "/etc/zoneinfo",
    ]

    /// The zone for a value of TZ, nil if it is not set; `read` gives the content of a file.
    init(variable: String?, read: (String) -> [UInt8]?) {
        func load(_ path: String) -> ZoneFile? { read(path).flatMap(ZoneFile.init) }
        guard let variable else {
            file = load("/etc/localtime")
            name = file == nil ? "UTC" : "Local"
            return
        }
        let place = variable.hasPrefix(":") ? String(variable.dropFirst()) : variable
        if place.hasPrefix("/") {
            file = load(place)
            name = file == nil ? "UTC" : place == "/etc/localtime" ? "Local" : place
        } else if place.isEmpty || place == "UTC" {
            file = nil
            name = "UTC"
        } else {
            var found: ZoneFile?
            for folder in Self.folders where found == nil { found = load("\(folder)/\(place)") }
            file = found
            name = file == nil ? "UTC" : place
        }
    }

    /// The zone's offset at `seconds` since 1970.
    package func zone(at seconds: Int64) -> ZoneOffset {
        file?.zone(at: seconds) ?? ZoneOffset(abbreviation: "UTC", seconds: 0, isDaylightSaving: false)
    }
}
