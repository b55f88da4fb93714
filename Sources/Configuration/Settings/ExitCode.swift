/// The exit codes of the program; operators' scripts rely on them.
package enum ExitCode {
    package static let done: Int32 = 0
    /// At least one resource failed.
    package static let failed: Int32 = 1
    /// A usage or configuration error, or nothing to do.
    package static let usage: Int32 = 2
    /// `-check`: something would change.
    package static let drift: Int32 = 3
    /// A backend could not be reached, or refused the connection; `status` and `wait`: no daemon answers.
    package static let backend: Int32 = 4
    /// `wait`: not applied in time.
    package static let timeIsUp: Int32 = 5
}
