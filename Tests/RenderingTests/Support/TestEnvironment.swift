import Glibc
import TextTemplate

@testable import Rendering

/// An environment of fixed answers, with a made-up folder `/templates`.
struct TestEnvironment: Environment {
    var variables: [ByteString: ByteString] = [:]
    /// Paths below the folder, and texts.
    var templates: [ByteString: ByteString] = [:]
    /// Addresses stand for themselves, in the form that Go gives them.
    var hosts: [ByteString: [ByteString]] = [
        "127.0.0.1": ["127.0.0.1"], "::1": ["::1"], "::ffff:1.2.3.4": ["1.2.3.4"], "2001:DB8:0:0::1": ["2001:db8::1"],
    ]
    var records: [ServiceRecord]?
    var interfaces: [ByteString: [ByteString]] = [:]
    var hostNameResult: Result<ByteString, EnvironmentError> = .success("host.test")
    var now = Time(unixSeconds: 1_700_000_000, nanoseconds: 0, local: .utc)

    let templateFolder: ByteString = "/templates"

    func variable(_ name: ByteString) -> ByteString? { variables[name] }
    func hostName() throws(EnvironmentError) -> ByteString { try hostNameResult.get() }
    func addresses(ofHost host: ByteString) -> [ByteString]? { hosts[host] }
    func services(_ service: ByteString, protocol: ByteString, name: ByteString) -> [ServiceRecord]? { records }
    func addresses(ofInterface name: ByteString) -> [ByteString] { interfaces[name] ?? [] }

    func fileExists(_ path: ByteString) -> Bool {
        var status = stat()
        return path.array.contains(0) || stat(path.text, &status) == 0 || errno != ENOENT
    }

    func template(at path: ByteString) throws(TemplateLoadError) -> ByteString {
        let name = path[templateFolder.count + 1..<path.count]
        if let text = templates[name] { return text }
        for file in templates.keys {
            if name.hasPrefix(file.appending("/")) {
                throw .unreadable(ByteString("open ").appending(path).appending(": not a directory"))
            }
            if file.hasPrefix(name.appending("/")) {
                throw .unreadable(ByteString("read ").appending(path).appending(": is a directory"))
            }
        }
        throw .unreadable(ByteString("open ").appending(path).appending(": no such file or directory"))
    }
}

extension ByteString {
    fileprivate func appending(_ other: ByteString) -> ByteString { ByteString(array + other.array) }
}
