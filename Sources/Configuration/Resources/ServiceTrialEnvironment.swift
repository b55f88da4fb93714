import Posix
import Rendering
import TextTemplate

/// What the templates of a service are tried in when they are loaded: answers that need neither the network nor files.
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
