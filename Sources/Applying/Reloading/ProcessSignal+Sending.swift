import Configuration
import Posix
import Staging

extension ProcessSignal {
    /// The largest pid file in bytes: some daemons write further lines after the process id.
    private static let largestFile = 64 << 10

    /// Sends the signal to the process that the file names now.
    func send() throws(ReloadError) {
        do throws(ReloadError.SignalError) {
            try sendToNamed()
        } catch {
            throw .signal(error, pidFile: pidFile)
        }
    }

    private func sendToNamed() throws(ReloadError.SignalError) {
        let (id, owner) = try named()
        if id == 1 || id == CurrentProcess.id { throw .forbidden(id) }
        let found = try calling { () throws(SystemError) in try OtherProcess(id) }
        guard let process = found else { throw .ended(id) }
        try refuseOthers(process, owner)
        let isSent = try calling { () throws(SystemError) in try process.send(signal) }
        if !isSent { throw .ended(id) }
    }

    /// The process id in the file, and the owner of the file.
    private func named() throws(ReloadError.SignalError) -> (id: Int32, owner: UInt32) {
        let found: (bytes: [UInt8], status: FileStatus)?
        do throws(StagingError) {
            found = try Destination(resolving: pidFile).content(limit: Self.largestFile)
        } catch {
            throw .unreadable(error)
        }
        guard let found else { throw .absent }
        if found.status.linkCount > 1 { throw .linked }
        let line = found.bytes.prefix { $0 != UInt8(ascii: "\n") }
        let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let id = Int32(words[0]), id > 0 else { throw .notAnID }
        return (id, found.status.uid)
    }

    /// Throws if it is not the process that is meant. /proc is read only where that needs it, because a container may have
    /// none.
    private func refuseOthers(_ process: borrowing OtherProcess, _ owner: UInt32) throws(ReloadError.SignalError) {
        let isForeign = !Users.isRootOrOurs(owner)
        guard isForeign || self.process != nil else { return }
        let facts: OtherProcess.Facts
        do throws(SystemError) {
            facts = try process.facts()
        } catch {
            throw error.code == Errno.noSuchFile && Files.exists("/proc/self") ? .ended(process.id) : .system(error)
        }
        if let wanted = self.process, facts.name != OtherProcess.shownName(wanted) {
            throw .name(process.id, facts.name, wanted: wanted)
        }
        if isForeign, facts.users != [owner] { throw .foreign(process.id, owner: owner) }
    }

    private func calling<Result: ~Copyable>(
        _ body: () throws(SystemError) -> Result
    ) throws(ReloadError.SignalError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw error.code == Errno.notImplemented ? .unsupported : .system(error)
        }
    }
}
