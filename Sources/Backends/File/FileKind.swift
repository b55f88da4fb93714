/// `-backend file`.
struct FileKind: BackendKind {
    private static let files = BackendOption(
        "file", .backend, "FILE", help: "YAML or JSON file, or a directory of them, repeatable",
        need: .init(subject: "the files to read", example: "/etc/confd/data.yaml"), .list(commas: false))
    private static let filter = BackendOption(
        "filter", .details, "GLOB", help: "names to read in directories of -file", default: .text("*"), .text)

    let name = "file"
    let summary = "YAML and JSON files"
    let watching = "inotify"
    let options = [files, filter]
    /// Local files are cheap to read again.
    let longestPause = Duration.seconds(1)

    func problems(of options: BackendOptions) -> [BackendProblem] {
        options.has(Self.files) ? [] : [.missing(Self.files)]
    }

    func contentErrors(of options: BackendOptions, in context: BackendContext) -> [BackendError] {
        FileBackend(
            paths: options.list(Self.files), filter: options.text(Self.filter) ?? "", warn: context.warn
        ).contentErrors()
    }

    func sources(of options: BackendOptions) -> [String] { options.list(Self.files) }

    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend {
        FileBackend(paths: options.list(Self.files), filter: options.text(Self.filter) ?? "", warn: context.warn)
    }
}
