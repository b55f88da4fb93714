import HTTP
import Posix

extension HTTPError {
    /// What to do about a connection that failed, for a server of the program `service`, for example `redis`.
    func hint(_ service: String, isEncrypted: Bool) -> String? {
        switch kind {
        case .refused: "is \(service) running there?"
        case .resolve: "check the name of the node, and that the name server answers"
        case .connectTimeout where isEncrypted:
            "check the address of the node, firewalls on the way, and whether that port speaks TLS"
        case .unreachable, .connectTimeout: "check the address of the node, and firewalls on the way"
        case .answerTimeout: "is \(service) healthy? It accepts connections, and does not answer"
        case .certificate(.expired): "renew the certificate of \(service)"
        case .certificate(.notYetValid): "compare the clocks of both machines"
        case .certificate(.unknownAuthority(file: nil)): "name the CA of its certificate with -client-ca-keys"
        case .certificate(.unknownAuthority):
            "-client-ca-keys has to hold the CA of its certificate: openssl s_client -connect HOST:PORT shows which that is"
        case .certificate(.selfSigned): "name its certificate, or the CA of a new one, with -client-ca-keys"
        case .certificate(.noAlternativeNames):
            "issue it with subjectAltName = DNS:NAME or IP:ADDRESS: Go's programs look at nothing else"
        case .certificate(.wrongName(let host, _)):
            "name the node by a name in its certificate (one that DNS or /etc/hosts knows), or issue it with a subjectAltName "
                + "of \(host)"
        case .certificate(.other): nil
        case .file where systemError == Errno.noSuchFile: nil
        case .file where systemError == Errno.accessDenied: "confd must be allowed to read it"
        case .file(.authority): "it must be the certificate of the CA in PEM, from -----BEGIN CERTIFICATE----- on"
        case .file(.certificateOrKey): "both must be PEM, and the key that of the certificate"
        case .handshake:
            "if the node does not use TLS, name it without; if it asks for a client certificate, give one that it trusts"
        case .wrongVersion, .malformed, .reset:
            isEncrypted ? "is this the port of \(service)?" : "is this the port of \(service)? It may ask for TLS"
        case .tooLarge, .cancelled, .invalidRequest, .other: nil
        }
    }
}
