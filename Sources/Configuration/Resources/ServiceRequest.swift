import Checks
import TextTemplate

/// A request to a service: that it reloads, or whether it works.
package struct ServiceRequest: Hashable, Sendable {
    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: String
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

    /// The file that is sent where `destination` is the target; nil without a body.
    package func bodyPath(destination: String) throws(TemplateError) -> String? {
        try bodyFile?.rendered(source: "", destination: destination)
    }
}
