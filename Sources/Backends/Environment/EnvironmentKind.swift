/// `-backend env`.
struct EnvironmentKind: BackendKind {
    let name = "env"
    let summary = "environment variables"
    let watching = "rendered once"
    let options: [BackendOption] = []

    func sources(of options: BackendOptions) -> [String] { ["environment variables"] }

    /// Keys have lower case, and `/` for `_`.
    func path(of path: [UInt8]) -> [UInt8] { EnvironmentBackend.key(of: path) }

    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend {
        EnvironmentBackend(variables: context.environment(), warn: context.warn)
    }
}
