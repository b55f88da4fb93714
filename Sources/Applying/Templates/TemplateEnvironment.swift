import Configuration
import Diagnostics
import KeyValue
import Posix
import Rendering
import Synchronization
import TextTemplate

/// What templates may ask of this machine: the clock, variables, DNS, interfaces and files.
package struct TemplateEnvironment: Rendering.Environment {
    package let templateFolder: ByteString
    private let identities: IdentityFile?
    /// What was read for one rendering.
    private var log: SourceLog?

    /// Go's `time.Local`.
    package static let local = Time.Location(ByteString(LocalZone.current.name)) { second in
        let zone = LocalZone.current.zone(at: Int64(second))
        return Time.Location.Zone(
            abbreviation: ByteString(zone.abbreviation), offset: zone.seconds, isDST: zone.isDaylightSaving)
    }
    /// When the program started, which Go counts the monotonic reading from.
    private static let start = Clock.monotonic()

    /// `identityFile` holds the keys that values are decrypted with; nil without.
    package init(templateFolder: String, identityFile: String? = nil) {
        self.templateFolder = ByteString(templateFolder)
        identities = identityFile.map { IdentityFile($0) }
    }

    /// The same environment, which notes in `log` the files that it reads.
    func noting(in log: SourceLog) -> TemplateEnvironment {
        var copy = self
        copy.log = log
        return copy
    }

    package var now: Time {
        let wall = Clock.wall()
        let elapsed = (Clock.monotonic() - Self.start).components
        let monotonic = Int(elapsed.seconds) * 1_000_000_000 + Int(elapsed.attoseconds / 1_000_000_000)
        return Time(
            unixSeconds: Int(wall.seconds), nanoseconds: Int(wall.nanoseconds), monotonic: monotonic, local: Self.local)
    }

    package func variable(_ name: ByteString) -> ByteString? {
        Posix.Environment.bytes(name.text).map { ByteString($0) }
    }

    package func hostName() throws(EnvironmentError) -> ByteString {
        do {
            return ByteString(try Host.name())
        } catch {
            throw .noHostName(reason: error.message)
        }
    }

    /// Only templates of services have a local address: the one towards the store (`ServiceEnvironment`).
    package func localAddress() throws(EnvironmentError) -> ByteString {
        throw .notAService
    }

    package func addresses(ofHost host: ByteString) -> [ByteString]? {
        answered { () throws(LookupError) in try Resolver.addresses(of: host.text) }?.map { ByteString($0) }
    }

    package func services(_ service: ByteString, protocol transport: ByteString, name: ByteString) -> [Rendering
        .ServiceRecord]?
    {
        answered { () throws(LookupError) in
            try Resolver.services(service.text, transport: transport.text, name: name.text)
        }?.map { record in
            Rendering.ServiceRecord(
                target: ByteString(record.target), port: record.port, priority: record.priority, weight: record.weight)
        }
    }

    /// What a look-up gives; empty if there is no such name, nil if nobody answered.
    private func answered<Record>(_ lookUp: () throws(LookupError) -> [Record]) -> [Record]? {
        do throws(LookupError) {
            return try lookUp()
        } catch {
            return error.isAnswer ? [] : nil
        }
    }

    package func addresses(ofInterface name: ByteString) -> [ByteString] {
        // confd's functions give an empty text where there is no such interface.
        let all = (try? Host.interfaceAddresses()) ?? []
        return all.filter { $0.interface == name.text }.map { ByteString($0.address) }
    }

    package func fileExists(_ path: ByteString) -> Bool {
        do {
            _ = try Files.status(path.text)
            return true
        } catch {
            return error.code != Errno.noSuchFile
        }
    }

    package func template(at path: ByteString) throws(TemplateLoadError) -> ByteString {
        log?.note(path.text)
        let source: ByteString?
        do throws(SystemError) {
            source = try read(path)
        } catch {
            throw .unreadable(ByteString(error.message))
        }
        guard let source else { throw .outsideFolder }
        return source
    }

    package func decrypted(_ value: ByteString) throws(EnvironmentError) -> ByteString {
        guard let identities else { throw .noIdentity }
        log?.note(identities.path, isOfThisHost: true)
        return try identities.decrypted(value)
    }

    /// nil if the file is not below the directory of the templates.
    private func read(_ path: ByteString) throws(SystemError) -> ByteString? {
        // Resolved each time: a deployment may replace a link in the path while we run.
        let folder = try Files.realPath(templateFolder.text)
        guard try Files.realPath(path.text).hasPrefix(folder + "/") else { return nil }
        return ByteString(try Files.readWhenStable(path.text, limit: FileLimit.template))
    }
}

/// The files that a rendering read (templates, the age identity), each with its status just before.
final class SourceLog: Sendable {
    private struct Notes {
        var sources: [String: FileStatus?] = [:]
        var ofThisHost: Set<String> = []
    }

    private let notes = Mutex(Notes())

    /// Notes the status of the file at `path`. Call it before the read, so that a change in between is noticed.
    func note(_ path: String, isOfThisHost: Bool = false) {
        // A missing file is noted too, as nil.
        let status = try? Files.status(path)
        notes.withLock { notes in
            if notes.sources[path] == nil { notes.sources[path] = .some(status) }
            if isOfThisHost { notes.ofThisHost.insert(path) }
        }
    }

    /// Marks `path` as changed: we render from an older copy than the file on disk.
    func markUnknown(_ path: String) { notes.withLock { $0.sources[path] = .some(nil) } }

    var sources: [String: FileStatus?] { notes.withLock { $0.sources } }

    /// Those of `sources` that each host has its own of.
    var ofThisHost: Set<String> { notes.withLock { $0.ofThisHost } }
}
