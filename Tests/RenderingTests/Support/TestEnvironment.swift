import TextTemplate

@testable import Rendering

/// An environment of fixed answers, with a made-up folder `/templates`.
struct TestEnvironment: Environment {
    var variables: [ByteString: ByteString] = [:]
    /// Paths below the folder, and texts.
    var templates: [String: ByteString] = [:]
    var hosts: [ByteString: [ByteString]] = [:]
    var records: [ServiceRecord]?
    var interfaces: [ByteString: [ByteString]] = [:]
    var existingFiles: Set<ByteString> = []
    var hostNameResult: Result<ByteString, EnvironmentError> = .success("host.test")
    var now = Time(unixSeconds: 1_700_000_000, nanoseconds: 0, local: .utc)

    let templateFolder: ByteString = "/templates"

    func variable(_ name: ByteString) -> ByteString? { variables[name] }
    func hostName() throws(EnvironmentError) -> ByteString { try hostNameResult.get() }
    func addresses(ofHost host: ByteString) -> [ByteString]? { hosts[host] }
    func services(_ service: ByteString, protocol: ByteString, name: ByteString) -> [ServiceRecord]? { records }
    func addresses(ofInterface name: ByteString) -> [ByteString] { interfaces[name] ?? [] }
    func fileExists(_ path: ByteString) -> Bool { existingFiles.contains(path) }

    func template(at path: ByteString) throws(TemplateLoadError) -> ByteString {
        let name = String(path.text.dropFirst(templateFolder.count + 1))
        if let text = templates[name] { return text }
        for file in templates.keys {
            if name.hasPrefix(file + "/") { throw .unreadable(ByteString("open \(path.text): not a directory")) }
            if file.hasPrefix(name + "/") { throw .unreadable(ByteString("read \(path.text): is a directory")) }
        }
        throw .unreadable(ByteString("open \(path.text): no such file or directory"))
    }
}
