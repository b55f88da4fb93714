import KeyValue

/// One `[template]` of a resource file, complete and validated.
package struct Resource: Sendable {
    /// What logs call it: the file below conf.d, with `#2` for the second `[[template]]` of a file.
    package let name: String
    /// The resource file.
    package let file: String
    /// The path of the template.
    package let source: String
    package let destination: String
    /// What is stripped from the keys that the template sees.
    package let prefix: [UInt8]
    /// The keys that the template sees, with the prefix joined.
    package let ranges: [KeyRange]
    package let attributes: FileAttributes
    package let checkCommand: CommandTemplate?
    package let reloadCommand: CommandTemplate?
    package let checkTimeout: Duration
    package let reloadTimeout: Duration
    package let makeDirectories: Bool
    package let backup: Bool
    package let leftDelimiter: String
    package let rightDelimiter: String
    package let backend: BackendConfiguration
}
