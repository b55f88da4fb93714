/// Why a query of the environment failed; `EnvironmentError+Wording.swift` has the words. `reason` is the message of the
/// system or of a library.
package enum EnvironmentError: Error, Equatable, Sendable {
    /// There is nothing to decrypt values with.
    case noIdentity
    case identityNotReadable(reason: String)
    /// The file at this path holds no usable identity.
    case badIdentity(path: String, reason: String, hint: String?)
    case notDecrypted(reason: String, hint: String?)
    case noHostName(reason: String)
    /// Only templates of services can ask for the address of this machine in its connection to the store.
    case notAService
    /// The backend has no endpoint that a connection could lead to.
    case storeWithoutAddress
    case noRoute(reason: String)
}
