import Posix
import Rendering
import TextTemplate

/// The environment in which templates of services and names of items are tried when they are loaded: fixed answers, without
/// network and files.
struct ServiceTrialEnvironment: Rendering.Environment {
    let variables: [String: String]

    var now: Time { Time(unixSeconds: 0, nanoseconds: 0, local: .utc) }
    var templateFolder: ByteString { "" }

    func variable(_ name: ByteString) -> ByteString? { variables[name.text].map { ByteString($0) } }
    func hostName() throws(EnvironmentError) -> ByteString { "host" }
    func localAddress() throws(EnvironmentError) -> ByteString { "127.0.0.1" }
    func addresses(ofHost host: ByteString) -> [ByteString]? { ["127.0.0.1"] }
    func services(_ service: ByteString, protocol: ByteString, name: ByteString) -> [Rendering.ServiceRecord]? { nil }
    func addresses(ofInterface name: ByteString) -> [ByteString] { ["127.0.0.1"] }
    func fileExists(_ path: ByteString) -> Bool { false }
    func template(at path: ByteString) throws(TemplateLoadError) -> ByteString { throw .outsideFolder }
}
