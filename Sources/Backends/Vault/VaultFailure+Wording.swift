import HTTP
import KeyValue

// The wording of all failures of vault.
extension VaultFailure {
    /// `http://HOST:PORT: read "/secret/app": permission denied (HTTP status 403)`.
    var message: String { "\(node.url): \(call.text): \(text)" }

    private var text: String {
        switch cause {
        case .transport(let error): error.message
        // Vault's words could repeat what was sent.
        case .refused(let refusal) where call == .logIn: "refused (HTTP status \(refusal.status))"
        case .refused(let refusal):
            (refusal.words.isEmpty ? "refused" : refusal.words) + " (HTTP status \(refusal.status))"
        case .malformed: "malformed answer"
        case .tooMuch(let limit): "secrets too large: more than \(limit >> 20) MiB"
        case .tooDeep: "folders nest deeper than \(VaultReader.deepest) levels"
        case .timeIsOver: "no complete answer within the time limit"
        case .secret(let error): error.message
        }
    }

    var hint: String? {
        switch cause {
        case .transport(let error): error.hint(Self.program, isEncrypted: node.isEncrypted)
        case .refused(let refusal): hint(refusal)
        case .malformed: "is this the port of vault?"
        case .tooMuch, .tooDeep: "read less: name narrower keys"
        case .timeIsOver: "give it more time with -backend-timeout"
        case .secret: nil
        }
    }

    private func hint(_ refusal: VaultRefusal) -> String? {
        switch (refusal.status, call) {
        case (503, _): "vault is sealed or not ready: vault status"
        case (400..<404, .logIn): "check -auth-type, -path, and the role, user, -password or token to log in with"
        case (404, .logIn): "is this way to log in enabled there? vault auth list; -path names another place"
        case (403, .read(let path)):
            "a policy of the token has to allow read and list: path \"\(printable(path.first == UInt8(ascii: "/") ? Array(path.dropFirst()) : path))/*\""
        case (400, _) where !node.isEncrypted: "does vault ask for TLS? Write https://"
        case (300..<400, _): "the node is a standby that sends clients elsewhere: name the active one with -node"
        default: nil
        }
    }
}

extension VaultFailure.Call {
    fileprivate var text: String {
        switch self {
        case .logIn: "log in"
        case .renew: "renew the token"
        case .look: "look at the mount"
        case .read(let path): "read \"\(printable(path))\""
        }
    }
}
