/// `-backend etcdv2`.
struct EtcdV2Kind: ClusterKind {
    let name = "etcdv2"
    let summary = "the v2 API of etcd 2.x, and of 3.x up to 3.5 with `--enable-v2`"
    let watching = "long polls"

    func open(_ options: EtcdOptions) throws(BackendError) -> any Backend { try EtcdV2Backend(options) }
}
