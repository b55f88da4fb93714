/// Since when servers have been leaving. A restart of ours starts their times anew.
package struct Departures: Equatable, Sendable {
    private var since: [Name: Duration] = [:]

    private struct Name: Hashable {
        let key: String
        let handle: String

        init(_ server: RunningServer) {
            key = server.key
            handle = server.handle
        }
    }

    package init() {}

    /// When `server` began to leave: `now`, if it was not leaving before.
    mutating func begin(_ server: RunningServer, at now: Duration) -> Duration {
        let name = Name(server)
        if let began = since[name] { return began }
        since[name] = now
        return now
    }

    /// Forgets all that are not among `leaving`.
    mutating func keep(_ leaving: [RunningServer]) {
        let names = Set(leaving.map(Name.init))
        since = since.filter { names.contains($0.key) }
    }
}
