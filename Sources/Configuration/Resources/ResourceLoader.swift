import Diagnostics
import KeyValue
import Posix
import Staging

/// Finds and reads all resource files below `<confdir>/conf.d`.
package struct ResourceLoader {
    /// Every good resource, and an error for every bad one.
    package struct Result: Sendable {
        package var resources: [Resource] = []
        package var services: [ServiceDefinition] = []
        package var errors: [ResourceError] = []
        package var warnings: [ResourceError] = []
        /// Valid but probably a mistake; reported by `-validate` only.
        package var advice: [ResourceError] = []
        /// Templates of all resources, also of those that have errors.
        package var templates: [TemplateUse] = []
        /// How many files were looked at.
        package var fileCount = 0
        /// Where no file was found, one elsewhere below the confdir that looks like one.
        package var misplaced: String?
        /// How many resources and services cannot be used; one may have several errors.
        package var unusableCount = 0
    }

    /// The directory that holds conf.d and templates.
    package let confdir: String
    let parser: ResourceParser
    /// Whether `dest` is looked at. Tests of templates have nothing to do with what is there.
    private let looksAtDestinations: Bool

    /// `layers` are the backends of resources that name none.
    package init(_ settings: Settings, environment: [String: String], layers: [BackendLayer]? = nil) {
        confdir = settings.confdir
        looksAtDestinations = settings.subcommand != .test
        parser = ResourceParser(
            settings: settings, environment: environment, templateFolder: "\(settings.confdir)/templates",
            defaultLayers: layers ?? settings.layers)
    }

    /// Where resource files are.
    package var folder: String { "\(confdir)/conf.d" }

    /// Reads all files, or the file `only` (a path, or a name below conf.d). A file with errors does not affect the others;
    /// a missing confdir is an error.
    package func load(only: String? = nil) throws(ResourceError) -> Result {
        guard Files.exists(confdir) else {
            throw ResourceError(confdir, nil, .noConfdir)
        }
        var result = Result()
        var owners: [WrittenFile: String] = [:]
        var keyOwners: [ServiceIdentity: String] = [:]
        var balancerOwners: [String: String] = [:]
        let names: [String]
        if let only { names = [try name(of: only)] } else { names = try files(below: folder) }
        let paths = names.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
        for (name, path) in zip(names, paths) {
            do {
                let bytes = try Files.readWhenStable(path, limit: FileLimit.settings)
                var parsed = parser.parse(bytes, path: path, name: name)
                refuseInputs(&parsed, bytes, path: path)
                refuseSharedDestinations(&parsed, bytes, path: path, &owners)
                refuseSharedKeys(&parsed, bytes, path: path, &keyOwners)
                refuseSharedBalancers(&parsed, bytes, path: path, &balancerOwners)
                result.unusableCount += parsed.unusableCount
                result.resources += parsed.resources
                result.services += parsed.services
                result.errors += parsed.errors
                result.warnings += parsed.warnings
                result.advice += parsed.advice
                result.templates += parsed.templates
            } catch {
                // Removed since the directory was listed: not a bad resource, but none.
                if only == nil, Self.isGone(path) { continue }
                result.errors.append(ResourceError(path, nil, .unreadable(error)))
                result.unusableCount += 1
            }
            result.fileCount += 1
        }
        if result.fileCount == 0 { result.misplaced = misplaced }
        let sources = result.resources.map(\.source)
        let folders = [confdir, folder] + sources.map { Files.split($0).folder }
        let files = paths.flatMap { [Files.split($0).folder, $0] }
        result.warnings += WorldWritable.warnings(folders + files + sources)
        return result
    }

    /// A file beside conf.d or among the templates that looks like a resource file, of the first fifty that could be one.
    private var misplaced: String? {
        let paths = [confdir, parser.templateFolder].flatMap { (folder: String) -> [String] in
            let entries: [FolderEntry] = (try? Files.list(folder)) ?? []
            return entries.filter { $0.kind == .regular && $0.name.hasSuffix("toml") }.map { "\(folder)/\($0.name)" }
        }
        let table = Array("[template]".utf8)
        return paths.prefix(50).first { path in
            let bytes = (try? Files.read(path, limit: FileLimit.settings)) ?? []
            return bytes.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: table) }
        }
    }

    /// Whether there is no directory entry `path`; a link that leads nowhere is one.
    private static func isGone(_ path: String) -> Bool {
        do throws(SystemError) {
            _ = try Files.linkStatus(path)
            return false
        } catch {
            return error.code == Errno.noSuchFile
        }
    }

    /// A resource file as the operator names it: below conf.d, below the confdir, or a path. The name below conf.d, or
    /// the absolute path of a file elsewhere.
    private func name(of given: String) throws(ResourceError) -> String {
        // The second one is the name of a resource without its ending, as other commands take it.
        let candidates =
            given.hasPrefix("/")
            ? [given] : ["\(folder)/\(given)", "\(folder)/\(given).toml", "\(confdir)/\(given)", given]
        var directory: String?
        for path in candidates {
            // A missing file is looked for in the next place.
            guard let status = try? Files.status(path) else { continue }
            if status.kind == .folder {
                directory = directory ?? path
                continue
            }
            do {
                let (parent, name) = Files.split(path)
                let absolute = Files.join(try Files.realPath(parent), name)
                let below = try Files.realPath(folder) + "/"
                return absolute.hasPrefix(below) ? String(absolute.dropFirst(below.count)) : absolute
            } catch {
                throw ResourceError(path, nil, .unreadable(error))
            }
        }
        if let directory { throw ResourceError(directory, nil, .isDirectory) }
        // Suggests the nearest name among the files that exist; a directory that cannot be read has none.
        let near = Suggestion.nearest(to: Files.split(given).name, among: (try? files(below: folder)) ?? [])
        throw ResourceError(
            given.utf8.contains(UInt8(ascii: "/")) ? given : "\(folder)/\(given)", nil,
            .noSuchFile(suggestion: near))
    }

    /// Resource files in lexical order, relative to `folder`: names that end in `toml`, hidden ones included (confd's
    /// glob is `*toml`). Directories named `..something` are the generations of a Kubernetes volume, seen through links.
    private func files(below folder: String) throws(ResourceError) -> [String] {
        let tree = Files.tree(folder)
        if let error = tree.errors.first {
            let isMissing = error.path == folder && error.code == Errno.noSuchFile
            throw ResourceError(error.path ?? folder, nil, isMissing ? .noFolder : .unreadable(error))
        }
        let names = tree.files.map { String(decoding: $0.utf8.dropFirst(folder.utf8.count + 1), as: UTF8.self) }
        return names.filter { $0.hasSuffix("toml") && !$0.hasPrefix("..") && !$0.contains(text: "/..") }
    }

    /// Refuses resources that would overwrite their own template or resource file.
    private func refuseInputs(_ parsed: inout ResourceParser.Result, _ bytes: [UInt8], path: String) {
        for claim in parsed.destinations where looksAtDestinations {
            guard let input = InputFiles.refusal(of: claim.destination, source: claim.source, resourceFile: path) else {
                continue
            }
            let error = ResourceError(path, claim.position, .writesInput(input, claim.destination), field: "dest")
            parsed.errors.append(error.showing(bytes))
            parsed.resources.removeAll { $0.name == claim.resource }
        }
    }

    /// A file that a resource writes: by its path, and by the directory entry that the path leads to.
    private enum WrittenFile: Hashable {
        case path([UInt8])
        case place(Place)
    }

    /// Two resources that write one file would overwrite each other again and again: refuses the later one. `owners`
    /// are the resources by the files that they write.
    private func refuseSharedDestinations(
        _ parsed: inout ResourceParser.Result, _ bytes: [UInt8], path: String, _ owners: inout [WrittenFile: String]
    ) {
        for claim in parsed.destinations {
            var files = [WrittenFile.path(Path.join([Array(claim.destination.utf8)]))]
            // A path that cannot be resolved is reported when the file is written.
            if looksAtDestinations, let destination = try? Destination(resolving: claim.destination) {
                // A pipe or device may have several writers.
                if destination.stream != nil { continue }
                files.append(.place(destination.place))
            }
            guard let owner = files.compactMap({ owners[$0] }).first else {
                for file in files { owners[file] = claim.resource }
                continue
            }
            let error = ResourceError(path, claim.position, .destinationTaken(claim.destination, by: owner))
            parsed.errors.append(error.showing(bytes))
            parsed.resources.removeAll { $0.name == claim.resource }
        }
    }

    /// Two resources that keep one backend of a balancer would take each other's servers out for ever: refuses the later one.
    private func refuseSharedBalancers(
        _ parsed: inout ResourceParser.Result, _ bytes: [UInt8], path: String, _ owners: inout [String: String]
    ) {
        for resource in parsed.resources {
            guard let subject = resource.apply?.target.subject else { continue }
            guard let owner = owners.updateValue(resource.name, forKey: subject) else { continue }
            owners[subject] = owner
            let place = parsed.destinations.first { $0.resource == resource.name }?.applyPosition
            let error = ResourceError(path, place, .apply(.taken(subject, by: owner)), field: "apply")
            parsed.errors.append(error.showing(bytes))
            parsed.resources.removeAll { $0.name == resource.name }
        }
    }

    /// A key in a store.
    private struct ServiceIdentity: Hashable {
        let backend: BackendConfiguration
        let key: [UInt8]
    }

    /// Two services with one key would take it from each other for ever: refuses the later one.
    private func refuseSharedKeys(
        _ parsed: inout ResourceParser.Result, _ bytes: [UInt8], path: String,
        _ owners: inout [ServiceIdentity: String]
    ) {
        for claim in parsed.serviceKeys {
            guard let service = parsed.services.first(where: { $0.name == claim.service }) else { continue }
            let identity = ServiceIdentity(backend: service.backend, key: claim.key)
            guard let owner = owners[identity] else {
                owners[identity] = claim.service
                continue
            }
            let key = String(decoding: claim.key, as: UTF8.self)
            let error = ResourceError(path, claim.position, .serviceKeyTaken(key, by: owner), field: "key")
            parsed.errors.append(error.showing(bytes))
            parsed.services.removeAll { $0.name == claim.service }
        }
    }
}
