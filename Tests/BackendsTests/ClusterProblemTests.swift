import Testing

@testable import Backends
@testable import Posix

/// The messages of all problems that are found before a member is asked.
@Suite struct ClusterProblemTests {
    private static let denied = SystemError(call: "open", path: "/run/secret", code: Errno.accessDenied)

    @Test(
        arguments: [
            (.noNode, BackendError(.configuration, "etcd: no node given")),
            (
                .incompleteCertificate,
                BackendError(
                    .configuration, "etcd: a client certificate and its key belong together",
                    hint: "give both -client-cert and -client-key, or neither")
            ),
            (
                .lookUp(record: "_etcd._tcp.x.", LookupError(name: "_etcd._tcp.x.", reason: "try again")),
                BackendError(
                    .unreachable, "etcd: SRV record \"_etcd._tcp.x.\": try again",
                    hint: "see whether the name server knows it: dig SRV _etcd._tcp.x.")
            ),
            (
                .noRecord("_etcd._tcp.x."),
                BackendError(
                    .unreachable, "etcd: SRV record \"_etcd._tcp.x.\": no such record",
                    hint: "see whether the name server knows it: dig SRV _etcd._tcp.x.")
            ),
            (
                .notAToken(path: "/run/secret"),
                BackendError(
                    .configuration, "token file /run/secret: it holds no token", hint: "a token is one visible word")
            ),
            (.noToken, BackendError(.configuration, "etcd: no token given")),
        ] as [(ClusterProblem, BackendError)])
    func hasItsWords(_ problem: ClusterProblem, _ error: BackendError) {
        #expect(problem.backendError == error)
    }

    @Test func filesThatCannotBeWatchedAreNamed() {
        let error = FileError(path: "/k.yaml", position: nil, kind: .notWatched(Self.denied)).backendError
        #expect(
            error
                == BackendError(
                    .configuration,
                    "cannot wait for changes of the files of the file backend: open /run/secret: permission denied"))
    }
}
