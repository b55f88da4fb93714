import Glibc
import TextTemplate

@testable import Rendering

/// An environment of fixed answers, with a made-up folder `/templates`.
struct TestEnvironment: Environment {
    var variables: [ByteString: ByteString] = [:]
    /// Paths below the folder, and texts.
    var templates: [ByteString: ByteString] = [:]
    /// The addresses of host names; an address resolves to itself.
    var hosts: [ByteString: [ByteString]] = [:]
    var records: [ServiceRecord]?
    var interfaces: [ByteString: [ByteString]] = [:]
    var hostNameResult: Result<ByteString, EnvironmentError> = .success("host.test")
    /// Encrypted values with their plain texts; if empty, there is no identity to decrypt with.
    var plainTexts: [ByteString: ByteString] = [:]
    var now = Time(unixSeconds: 1_700_000_000, nanoseconds: 0, local: .utc)

    let templateFolder: ByteString = "/templates"

    func variable(_ name: ByteString) -> ByteString? { variables[name] }
    func hostName() throws(EnvironmentError) -> ByteString { try hostNameResult.get() }
    func addresses(ofHost host: ByteString) -> [ByteString]? { hosts[host] ?? Self.address(host.text).map { [$0] } }
    func services(_ service: ByteString, protocol: ByteString, name: ByteString) -> [ServiceRecord]? { records }
    func localAddress() throws(EnvironmentError) -> ByteString { "10.0.0.9" }
    func addresses(ofInterface name: ByteString) -> [ByteString] { interfaces[name] ?? [] }

    /// The address in the form that Go gives it.
    private static func address(_ text: String) -> ByteString? {
        var bytes = [UInt8](repeating: 0, count: 16)
        var form = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_pton(AF_INET, text, &bytes) != 1 else { return ByteString(text) }
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        if bytes.starts(with: mapped) { return ByteString(bytes[12...].map(String.init).joined(separator: ".")) }
        inet_ntop(AF_INET6, bytes, &form, socklen_t(form.count))
        return ByteString(form.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }

    func decrypted(_ value: ByteString) throws(EnvironmentError) -> ByteString {
        if plainTexts.isEmpty { throw .noIdentity }
        guard let text = plainTexts[value] else { throw .notDecrypted(reason: "not encrypted", hint: "encrypt it") }
        return text
    }

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
