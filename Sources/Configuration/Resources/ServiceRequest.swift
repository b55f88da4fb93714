import Checks
import TextTemplate

/// A request to a service: that it reloads, or whether it works.
package struct ServiceRequest: Hashable, Sendable {
    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    /// The files of certificates for `https`, read each time.
    package struct Certificates: Hashable, Sendable {
        /// The authorities that are trusted in place of the system's.
        package var authorityFile: String?
        /// Our own certificate.
        package var certificateFile: String?
        /// Its key; nil if it is in the same file.
        package var keyFile: String?
    }

    package let method: String
    package let url: RequestURL
    package let headers: [Header]
    /// The path of the file that is sent, which may name `{{.dest}}`; nil without a body.
    let bodyFile: CommandWord?
    /// The statuses that mean success.
    package let expectedStatus: StatusRanges
    /// The file that holds the token for `Authorization: Bearer`.
    package let tokenFile: String?
    package let certificates: Certificates

    /// The file that is sent where `destination` is the target; nil without a body.
    package func bodyPath(destination: String) throws(TemplateError) -> String? {
        try bodyFile?.rendered(source: "", destination: destination)
    }
}
