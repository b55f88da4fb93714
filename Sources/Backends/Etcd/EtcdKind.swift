/// `-backend etcd`.
struct EtcdKind: ClusterKind {
    let name = "etcd"
    let aliases = ["etcdv3"]
    let summary = "etcd 3.4 and later, v3 API over gRPC"
    let watching = "a stream"
    let takesRollouts = true

    func open(_ options: EtcdOptions) throws(BackendError) -> any Backend { try EtcdBackend(options) }
}
