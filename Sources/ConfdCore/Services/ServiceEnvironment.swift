import Applying
import Configuration
import Posix
import Rendering
import TextTemplate

/// What the templates of a service's key and value can ask: all that other templates can, and this host's address towards the
/// store.
struct ServiceEnvironment: Rendering.Environment {
    private let base: TemplateEnvironment
    private let backend: BackendConfiguration

    init(_ backend: BackendConfiguration) {
        base = TemplateEnvironment(templateFolder: "")
        self.backend = backend
    }

    var now: Time { base.now }
    var templateFolder: ByteString { base.templateFolder }

    func variable(_ name: ByteString) -> ByteString? { base.variable(name) }
    func hostName() throws(EnvironmentError) -> ByteString { try base.hostName() }
    func addresses(ofHost host: ByteString) -> [ByteString]? { base.addresses(ofHost: host) }
    func services(_ service: ByteString, protocol transport: ByteString, name: ByteString) -> [Rendering.ServiceRecord]?
    {
        base.services(service, protocol: transport, name: name)
    }
    func addresses(ofInterface name: ByteString) -> [ByteString] { base.addresses(ofInterface: name) }
    func fileExists(_ path: ByteString) -> Bool { base.fileExists(path) }
    func template(at path: ByteString) throws(TemplateLoadError) -> ByteString { throw .outsideFolder }

    /// The local address of the route to the first of the store's endpoints whose name can be looked up and that has a route.
    func localAddress() throws(EnvironmentError) -> ByteString {
        var failure = EnvironmentError.storeWithoutAddress
        for host in backend.sources.compactMap(Self.host(of:)) {
            do {
                return ByteString(try Host.localAddress(towards: host))
            } catch let error as LookupError {
                failure = .noRoute(reason: error.message)
            } catch let error as SystemError {
                failure = .noRoute(reason: error.message)
            } catch {
                preconditionFailure("the two errors above are all that can be thrown")
            }
        }
        throw failure
    }

    /// The host of `[SCHEME://]HOST[:PORT]`.
    private static func host(of endpoint: String) -> String? {
        let rest = endpoint.schemeAndRest?.rest ?? endpoint[...]
        let authority = String(rest.prefix { $0 != "/" })
        if let address = HostPort(authority) { return address.host.isEmpty ? nil : address.host }
        let isBracketed = authority.hasPrefix("[") && authority.hasSuffix("]")
        let host = isBracketed ? String(authority.dropFirst().dropLast()) : authority
        return host.isEmpty ? nil : host
    }
}
