import HTTP
import Posix

/// How to reach vault, and how to log in there.
package struct VaultOptions: Sendable {
    /// In the order in which they are tried.
    var nodes: [HTTPNode] = []
    var tls = TLSOptions()
    var dialTimeout = ServerOption.standardDialTimeout
    var login: VaultLogin
    /// Empty for none.
    var namespace = ""
    /// The longest answer that is accepted, in bytes.
    var answerLimit = MemoryLimit.bounded(16 << 20, to: 8)
    /// The most memory for all secrets of one read, in bytes.
    var memoryLimit = MemoryLimit.bounded(256 << 20, to: 3)
    /// Logs a warning.
    var warn: @Sendable (String) -> Void = { _ in }
}

/// How to get a token.
struct VaultLogin: Sendable {
    let type: VaultAuthType
    /// Where the method is mounted below `auth/`.
    let path: String
    /// The user of `userpass`.
    var username = ""
    /// The members of the request, or of the type `token` the one member `token`; read at each login, because files may
    /// change.
    let members: @Sendable () throws(BackendError) -> [(name: String, value: [UInt8])]
}

extension VaultOptions {
    /// The values of `options`.
    init(_ options: BackendOptions, warn: @escaping @Sendable (String) -> Void) throws(VaultProblem) {
        login = try VaultLogin(options)
        tls = options.tls
        let isEncrypted = tls.authorityFile != nil || tls.certificateFile != nil
        for node in options.list(VaultOption.node) {
            do throws(BackendError) {
                nodes.append(try HTTPNode(node, of: .vault, encryptedByDefault: isEncrypted))
            } catch { throw .node(error) }
        }
        dialTimeout = options.duration(ServerOption.dialTimeout) ?? dialTimeout
        namespace = options.text(VaultOption.namespace) ?? ""
        guard VaultLogin.isPath(namespace) else { throw .notAWord(VaultOption.namespace) }
        self.warn = warn
    }
}

extension VaultLogin {
    /// Where Kubernetes puts the token of a pod.
    private static let kubernetesToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"

    fileprivate init(_ options: BackendOptions) throws(VaultProblem) {
        guard let type = options.text(VaultOption.authType).flatMap(VaultAuthType.init) else { throw .noAuthType }
        let path = options.text(VaultOption.path) ?? type.standardPath
        guard Self.isPath(path), !path.isEmpty else { throw .notAWord(VaultOption.path) }
        self.type = type
        self.path = path
        func need(_ option: BackendOption) throws(VaultProblem) -> String {
            guard let text = options.text(option) else { throw .missing(option, authType: type) }
            return text
        }
        func secret(
            _ option: BackendOption, _ file: BackendOption, _ kind: SecretFile
        ) throws(VaultProblem) -> @Sendable () throws(BackendError) -> [UInt8] {
            guard let secret = options.secret(option, file, kind) else { throw .missing(option, authType: type) }
            return secret
        }
        switch type {
        case .appRole:
            let role = Array(try need(VaultOption.roleID).utf8)
            let secret = try secret(VaultOption.secretID, VaultOption.secretIDFile, .secretID)
            members = { () throws(BackendError) in [("role_id", role), ("secret_id", try secret())] }
        case .token, .github:
            let secret = try secret(VaultOption.token, ServerOption.tokenFile, .token)
            members = { () throws(BackendError) in [("token", try secret())] }
        case .userpass:
            username = try need(ServerOption.username)
            guard Self.isPath(username) else { throw .notAWord(ServerOption.username) }
            let secret = try secret(ServerOption.password, ServerOption.passwordFile, .password)
            members = { () throws(BackendError) in [("password", try secret())] }
        case .kubernetes:
            let role = Array(try need(VaultOption.roleID).utf8)
            members = { () throws(BackendError) in
                [("jwt", try SecretFile.token.read(Self.kubernetesToken)), ("role", role)]
            }
        case .cert:
            if !options.has(ServerOption.certificate) { throw .missing(ServerOption.certificate, authType: type) }
            members = { () throws(BackendError) in [] }
        }
    }

    /// Whether `text` can stand in the path of a URL as it is.
    static func isPath(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: ".-_/@".utf8.contains(byte)
            }
        } && !text.split(separator: "/").contains { $0 == ".." || $0 == "." }
    }
}
