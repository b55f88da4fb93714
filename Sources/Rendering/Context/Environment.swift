import TextTemplate

/// What templates can ask of the world outside of the snapshot.
package protocol Environment: Sendable {
    /// The time, on local clocks: `time.Now`.
    var now: Time { get }
    /// The value of an environment variable, nil if it is not set.
    func variable(_ name: ByteString) -> ByteString?
    /// The name of the host: `os.Hostname`. Throws the words of the failure.
    func hostName() throws(EnvironmentError) -> ByteString
    /// All addresses of a host in text form, in any order; nil if the look-up failed.
    func addresses(ofHost host: ByteString) -> [ByteString]?
    /// The SRV records of `_service._protocol.name`; nil if the look-up failed.
    func services(_ service: ByteString, protocol: ByteString, name: ByteString) -> [ServiceRecord]?
    /// The addresses of a network interface in text form, in the order of the system; empty if there is none.
    func addresses(ofInterface name: ByteString) -> [ByteString]
    /// False only if the system says that `path` does not exist.
    func fileExists(_ path: ByteString) -> Bool
    /// The folder of the templates as errors name it, without a slash at its end.
    var templateFolder: ByteString { get }
    /// The text of the template at `path`, a clean path below `templateFolder`.
    func template(at path: ByteString) throws(TemplateLoadError) -> ByteString
}

/// Why the environment could not answer.
package struct EnvironmentError: Error, Equatable, Sendable {
    /// The words of the failure.
    package let message: String

    package init(_ message: String) { self.message = message }
}

/// Why the text of a template could not be had.
package enum TemplateLoadError: Error, Equatable, Sendable {
    /// The path leads out of the folder, through a symbolic link.
    case outsideFolder
    /// It could not be read; the words of the failure, for example `open /a/b: no such file or directory`.
    case unreadable(ByteString)
}
