extension EnvironmentError {
    /// One phrase, for example `gethostname: invalid argument`.
    package var message: String {
        switch self {
        case .noIdentity: "there is no identity to decrypt it with"
        case .identityNotReadable(let reason): "-age-identity: \(reason)"
        case .badIdentity(let path, let reason, _): "-age-identity \(path): \(reason)"
        case .notDecrypted(let reason, _), .noHostName(let reason), .noRoute(let reason): reason
        case .notAService: "only a service knows its address"
        case .storeWithoutAddress: "the store has no address"
        }
    }

    /// How to fix it, nil if there is nothing to say.
    package var hint: String? {
        switch self {
        case .noIdentity:
            "-age-identity names a file that age-keygen made; "
                + "encrypt the values of confd 0.16's crypt (OpenPGP, -secret-keyring) anew with age"
        case .badIdentity(_, _, let hint), .notDecrypted(_, let hint): hint
        case .identityNotReadable, .noHostName, .notAService, .storeWithoutAddress, .noRoute: nil
        }
    }
}
