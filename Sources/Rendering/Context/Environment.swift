import TextTemplate

/// What template functions read besides the snapshot: time, environment variables, names and addresses, files.
package protocol Environment: Sendable {
    /// The time, on local clocks: `time.Now`.
    var now: Time { get }
    /// The value of an environment variable, nil if it is not set.
    func variable(_ name: ByteString) -> ByteString?
    /// The name of the host: `os.Hostname`. Throws the reason if there is none.
    func hostName() throws(EnvironmentError) -> ByteString
    /// All addresses of a host in text form, in any order; empty if there is no such host, nil if nobody answered.
    func addresses(ofHost host: ByteString) -> [ByteString]?
    /// The SRV records of `_service._protocol.name`; empty if there are none, nil if nobody answered.
    func services(_ service: ByteString, protocol: ByteString, name: ByteString) -> [ServiceRecord]?
    /// The addresses of a network interface in text form, in the order of the system; empty if there is none.
    func addresses(ofInterface name: ByteString) -> [ByteString]
    /// The address of this machine in its connection to the store, in text form: `address` of a service.
    func localAddress() throws(EnvironmentError) -> ByteString
    /// False only if the system says that `path` does not exist.
    func fileExists(_ path: ByteString) -> Bool
    /// The templates directory in the form for errors, without a slash at its end.
    var templateFolder: ByteString { get }
    /// The text of the template at `path`, a clean path below `templateFolder`.
    func template(at path: ByteString) throws(TemplateLoadError) -> ByteString
    /// What `value`, which is encrypted, was made from.
    func decrypted(_ value: ByteString) throws(EnvironmentError) -> ByteString
}

extension Environment {
    /// Most environments have no identity to decrypt with.
    package func decrypted(_ value: ByteString) throws(EnvironmentError) -> ByteString {
        throw .noIdentity
    }
}

/// Why a template could not be read.
package enum TemplateLoadError: Error, Equatable, Sendable {
    /// A symbolic link leads out of the templates directory.
    case outsideFolder
    /// The reason, for example `open /a/b: no such file or directory`.
    case unreadable(ByteString)
}
