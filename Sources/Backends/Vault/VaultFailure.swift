import HTTP
import KeyValue

/// A call that failed at one vault server.
typealias VaultFailure = ServerFailure<VaultAPI>

extension VaultFailure {
    var refusal: HTTPRefusal? { if case .answer(.refused(let refusal)) = cause { refusal } else { nil } }
}

/// Vault's HTTP API.
enum VaultAPI: ServerAPI {
    typealias Node = HTTPNode

    static let program = ServerProgram.vault.name

    enum Call: Equatable {
        case logIn, renew, look
        /// A read or a listing for this path.
        case read([UInt8])
    }

    enum Problem {
        case refused(HTTPRefusal)
        case malformed
        /// More than the memory for one read.
        case tooMuch(limit: Int)
        /// More folders in each other than `VaultReader.deepest`.
        case tooDeep
    }
}

// Its wording.
extension VaultAPI {
    static func text(of call: Call) -> String {
        switch call {
        case .logIn: "log in"
        case .renew: "renew the token"
        case .look: "look at the mount"
        case .read(let path): "read \"\(printable(path))\""
        }
    }

    static func meaning(of problem: Problem, in call: Call, at node: HTTPNode) -> FailureMeaning {
        switch problem {
        case .refused(let refusal):
            FailureMeaning(
                // Vault's words could repeat what was sent.
                text: (call == .logIn ? HTTPRefusal(status: refusal.status, words: "") : refusal).text,
                hint: hint(for: refusal, in: call, at: node),
                // Sealed, in standby or broken is one node.
                concernsAllNodes: refusal.status < 429, isRefusal: [400, 401, 403].contains(refusal.status))
        case .malformed: FailureMeaning(text: "malformed answer", hint: "is this the port of vault?")
        case .tooMuch(let limit): tooMuch("secrets too large: more than \(limit >> 20) MiB")
        case .tooDeep: tooMuch("folders nest deeper than \(VaultReader.deepest) levels")
        }
    }

    private static func tooMuch(_ text: String) -> FailureMeaning {
        FailureMeaning(text: text, hint: "read less: name narrower keys", concernsAllNodes: true)
    }

    private static func hint(for refusal: HTTPRefusal, in call: Call, at node: HTTPNode) -> String? {
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
