import Posix

/// Finds and reads all resource files below `<confdir>/conf.d`.
package struct ResourceLoader {
    /// What was found: every good resource, and an error for every bad one.
    package struct Result: Sendable {
        package var resources: [Resource] = []
        package var errors: [ResourceError] = []
        package var warnings: [ResourceError] = []
    }

    /// The folder above conf.d and templates.
    package let confdir: String
    private let parser: ResourceParser

    package init(_ settings: Settings, environment: [String: String], backend: BackendConfiguration) {
        confdir = settings.confdir
        parser = ResourceParser(
            settings: settings, environment: environment, templateFolder: "\(settings.confdir)/templates",
            defaultBackend: backend)
    }

    /// Where resource files are.
    package var folder: String { "\(confdir)/conf.d" }

    /// Reads everything anew. A file that cannot be used costs only itself; no folder to look in is an error.
    package func load() throws(ResourceError) -> Result {
        guard Files.exists(confdir) else {
            throw ResourceError(confdir, nil, "confdir does not exist", hint: "name it with -confdir")
        }
        var result = Result()
        let names = try files(below: folder)
        let paths = names.map { "\(folder)/\($0)" }
        for (name, path) in zip(names, paths) {
            do {
                let parsed = parser.parse(try Files.readWhenSettled(path), path: path, name: name)
                result.resources += parsed.resources
                result.errors += parsed.errors
                result.warnings += parsed.warnings
            } catch {
                result.errors.append(ResourceError(path, nil, error.message))
            }
        }
        refuseSharedDestinations(&result)
        let sources = result.resources.map(\.source)
        let folders = [confdir, folder] + sources.map { Files.split($0).folder }
        let files = paths.flatMap { [Files.split($0).folder, $0] }
        result.warnings += WorldWritable.warnings(folders + files + sources)
        return result
    }

    /// Resource files in lexical order, relative to `folder`: names that end in `toml`, hidden ones included (confd's
    /// glob is `*toml`). Folders named `..something` are the generations of a Kubernetes volume, seen through links.
    private func files(below folder: String) throws(ResourceError) -> [String] {
        let tree = Files.tree(folder)
        if let error = tree.errors.first { throw ResourceError(error.path ?? folder, nil, error.message) }
        return tree.files.map { String($0.dropFirst(folder.count + 1)) }.filter { name in
            name.hasSuffix("toml") && !name.hasPrefix("..") && !name.contains("/..")
        }
    }

    /// Two resources that write one file would undo each other for ever: the later one is refused.
    private func refuseSharedDestinations(_ result: inout Result) {
        var owners: [String: Resource] = [:]
        var kept: [Resource] = []
        for resource in result.resources {
            if let owner = owners[resource.destination] {
                result.errors.append(
                    ResourceError(
                        resource.file, nil, "dest \(resource.destination) is already written by \(owner.name)"))
            } else {
                owners[resource.destination] = resource
                kept.append(resource)
            }
        }
        result.resources = kept
    }
}
