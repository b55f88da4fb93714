/// Why a query of the environment failed; `EnvironmentError+Wording.swift` has the words. What the system and the libraries
/// below say comes as `reason`.
package enum EnvironmentError: Error, Equatable, Sendable {
    /// There is nothing to decrypt values with.
    case noIdentity
    case identityNotReadable(reason: String)
    /// What the file at this path holds can be no identity.
    case badIdentity(path: String, reason: String, hint: String?)
    case notDecrypted(reason: String, hint: String?)
    case noHostName(reason: String)
    /// Templates of files have no part in the connection to the store.
    case notAService
    /// The backend has no endpoint that a connection could lead to.
    case storeWithoutAddress
    case noRoute(reason: String)
}
