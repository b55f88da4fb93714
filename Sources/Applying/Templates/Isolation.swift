import Posix
import Rendering
import TextTemplate

/// What a template is rendered with in a test.
package struct Isolation {
    package let environment: any Rendering.Environment
    /// Records the rendering; nil if that is not needed.
    package let recording: Recording?

    package init(environment: any Rendering.Environment, recording: Recording?) {
        self.environment = environment
        self.recording = recording
    }
}

/// An environment that is the same on every machine: the clock stands still, look-ups find nothing, no file exists but templates.
package struct CaseEnvironment: Rendering.Environment {
    /// The name of the host, unless a case's `env` sets HOSTNAME.
    package static let standardHost = "confd-test"

    private let templates: TemplateEnvironment
    private let variables: [String: String]
    package let now: Time

    package init(templateFolder: String, variables: [String: String], now: Time) {
        templates = TemplateEnvironment(templateFolder: templateFolder)
        self.variables = variables
        self.now = now
    }

    package var templateFolder: ByteString { templates.templateFolder }

    package func variable(_ name: ByteString) -> ByteString? { variables[name.text].map { ByteString($0) } }

    package func hostName() throws(EnvironmentError) -> ByteString {
        ByteString(variables["HOSTNAME"] ?? Self.standardHost)
    }

    package func localAddress() throws(EnvironmentError) -> ByteString {
        throw .notAService
    }

    package func addresses(ofHost host: ByteString) -> [ByteString]? { [] }

    package func services(
        _ service: ByteString, protocol transport: ByteString, name: ByteString
    ) -> [Rendering.ServiceRecord]? { [] }

    package func addresses(ofInterface name: ByteString) -> [ByteString] { [] }

    /// Cases have no secrets: their keys hold what would be encrypted elsewhere.
    package func decrypted(_ value: ByteString) throws(EnvironmentError) -> ByteString { value }

    package func fileExists(_ path: ByteString) -> Bool { false }

    package func template(at path: ByteString) throws(TemplateLoadError) -> ByteString {
        try templates.template(at: path)
    }
}
