import Applying
import Configuration
import Diagnostics
import KeyValue
import Posix
import Staging

/// `confd explain`: says which keys, and which places of a template, a rendered file is made of. Changes nothing.
struct ExplainCommand {
    let settings: Settings
    let logger: Logger
    let loader: ResourceLoader
    let backends: BackendPool

    private var arguments: ExplainArguments { settings.explaining }
    private var explainer: Explainer { Explainer(settings: settings, logger: logger, backends: backends) }
    private var texts: ExplainText {
        ExplainText(templateFolder: "\(settings.confdir)/templates", showsValues: arguments.showsValues)
    }

    /// Writes to standard output; what is wrong is logged. Returns the exit code. To be called on a thread with a stack of
    /// `ResourceRenderer.stackSize`.
    func run() -> Int32 {
        do throws(ExplainFailure) {
            try write(try answer())
            return ExitCode.done
        } catch {
            if case .problem(let problem) = error { logger.error(problem.message, problem) }
            return error.exitCode
        }
    }

    private func answer() throws(ExplainFailure) -> [UInt8] {
        let place = arguments.subject.flatMap(FilePlace.init)
        if arguments.showsLast { return try last(arguments.subject ?? "") }
        if let key = arguments.key {
            if place != nil { throw .problem(.lineWithKey) }
            return try explain(key: key)
        }
        if let place { return try explain(place) }
        let explanation = try explanation(of: arguments.subject ?? "")
        return settings.json ? json { $0.set(explanation, texts) } : Array(texts.text(of: explanation).utf8)
    }

    // MARK: - What is explained

    /// `DEST:LINE` or `DEST:LINE:COLUMN`.
    struct FilePlace: Equatable {
        let path: String
        let line: Int
        let column: Int?

        /// nil for anything else.
        init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count > 1, let last = Self.number(parts[parts.count - 1]) else { return nil }
            if parts.count > 2, let line = Self.number(parts[parts.count - 2]) {
                (path, self.line, column) = (parts.dropLast(2).joined(separator: ":"), line, last)
            } else {
                (path, line, column) = (parts.dropLast().joined(separator: ":"), last, nil)
            }
        }

        private static func number(_ text: String) -> Int? {
            text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
        }
    }

    /// All resources; those that cannot be used are logged.
    private func all() throws(ExplainFailure) -> [Resource] {
        let loading = Result { () throws(ResourceError) in try loader.load() }
        logger.report(ResourceProblem.all(of: loading, in: loader.folder))
        guard case .success(let loaded) = loading else { throw .logged(ExitCode.usage) }
        return loaded.resources
    }

    /// The file of a resource, which is named by its file or by its destination.
    private func explanation(of given: String) throws(ExplainFailure) -> Explanation {
        if isDestination(given) { return try explanation(at: given) }
        let keys = try explainer.read(try resource(given))
        return try explainer.explain(try file(of: keys), of: keys)
    }

    /// Whether `given` is a file that is written, not a resource file; those end in `toml`, as destinations may.
    private func isDestination(_ given: String) -> Bool {
        if given.hasPrefix("/"), !given.hasSuffix("toml"), !given.contains("#") { return true }
        let names = Self.names(of: given)
        return ((try? loader.load())?.resources ?? []).contains { Self.mayWrite($0, names) }
    }

    /// A path as it is given, and without links.
    private static func names(of path: String) -> [String] { [path] + ((try? Files.realPath(path)).map { [$0] } ?? []) }

    /// Whether a resource writes a file with one of these names. Which files one with for_each has is known once its keys are
    /// read.
    private static func mayWrite(_ resource: Resource, _ names: [String]) -> Bool {
        if let items = resource.items {
            return names.contains { Self.names(of: items.folder).contains(Files.split($0).folder) }
        }
        return Self.names(of: resource.destination).contains(where: names.contains)
    }

    /// The only file of a resource, or that of the item that is named.
    private func file(of keys: ExplainedResource) throws(ExplainFailure) -> ResourceFiles.File {
        do throws(ItemChoiceError) {
            return try keys.files.file(ofItem: arguments.item)
        } catch {
            throw .problem(.item(error))
        }
    }

    /// The resource of a file as `-resource` takes it, or of a destination.
    private func resource(_ given: String) throws(ExplainFailure) -> Resource {
        if isDestination(given) { return try writer(of: given).keys.resource }
        do throws(ResourceChoice.Failure) {
            return try ResourceChoice(loader: loader, logger: logger).resource(given)
        } catch {
            error.log(to: logger)
            throw .logged(error.exitCode)
        }
    }

    /// What is written: as `resource`, or one of its items if `-item` or a destination says which.
    private func written(_ given: String) throws(ExplainFailure) -> Resource {
        if isDestination(given) { return try writer(of: given).file.resource }
        let resource = try resource(given)
        if !resource.isGroup || arguments.item == nil { return resource }
        return try file(of: try explainer.read(resource)).resource
    }

    /// The file at `path`, and the keys of the resource that writes it.
    private func writer(of path: String) throws(ExplainFailure) -> (file: ResourceFiles.File, keys: ExplainedResource) {
        let resources = try all()
        let names = Self.names(of: path)
        var near = resources.filter { !$0.isGroup }.map(\.destination)
        var group: Resource?
        for resource in resources {
            guard Self.mayWrite(resource, names) else { continue }
            let keys = try explainer.read(resource)
            let paths = resource.isGroup ? names : [resource.destination]
            if let file = paths.lazy.compactMap({ keys.files.file(at: $0) }).first { return (file, keys) }
            near += keys.files.files.map(\.resource.destination)
            if resource.isGroup { group = resource }
        }
        if let group, Files.exists(path) { throw .problem(.noItemOfFile(path, resource: group.name)) }
        let sameName = near.first { Files.split($0).name == path }
        throw .problem(.noDestination(path, suggestion: sameName ?? Suggestion.nearest(to: path, among: near)))
    }

    private func explanation(at path: String) throws(ExplainFailure) -> Explanation {
        let (file, keys) = try writer(of: path)
        return try explainer.explain(file, of: keys)
    }

    private func explain(_ place: FilePlace) throws(ExplainFailure) -> [UInt8] {
        let explanation = try explanation(at: place.path)
        let path = explanation.resource.destination
        let count = explanation.lines.count
        guard (1...max(1, count)).contains(place.line), count > 0 else {
            throw .problem(.noLine(path, line: place.line, count: count))
        }
        warnOfDifference(explanation)
        var line = LineExplanation(place.line, of: explanation)
        if let column = place.column {
            guard (1...max(1, line.bytes.count)).contains(column), !line.bytes.isEmpty else {
                throw .problem(.noColumn(path, line: place.line, column: column, count: line.bytes.count))
            }
            line = line.at(column: column)
        }
        return settings.json
            ? json { $0.set(line, explanation, texts) } : Array(texts.text(line, of: explanation).utf8)
    }

    /// Warns if the file on disk differs from what would be rendered now, which is explained.
    private func warnOfDifference(_ explanation: Explanation) {
        let path = explanation.resource.destination
        guard let bytes = try? Files.read(path), bytes != explanation.content else { return }
        var stores: [String] = []
        for backend in explanation.resource.layers.map(\.backend) {
            let sources = backend.sources.joined(separator: ", ")
            let store = sources.isEmpty ? backend.name : "\(backend.name) \(sources)"
            if !stores.contains(store) { stores.append(store) }
        }
        logger.warning(
            "\(path) is not what would be rendered now, which is what is explained, from the keys of "
                + stores.joined(separator: " and "), explanation.resource)
    }

    // MARK: - A key

    private func explain(key: String) throws(ExplainFailure) -> [UInt8] {
        guard key.hasPrefix("/") else { throw .problem(.notKey(key)) }
        let bytes = Path.join([Array(key.utf8)])
        let candidates = if let given = arguments.subject { [try resource(given)] } else { try all() }
        let seeing = candidates.filter { Explanation.name(of: bytes, in: $0) != nil }
        if seeing.isEmpty { throw .problem(.unseenKey(key)) }
        var uses: [KeyUse] = []
        var read: [ExplainedResource] = []
        var failure: ExplainFailure?
        for resource in seeing {
            do throws(ExplainFailure) {
                let keys = try explainer.read(resource)
                read.append(keys)
                try note(&uses, of: bytes, in: keys)
            } catch {
                failure = error
            }
        }
        if let failure {
            // The uses that were found are written before the error.
            if !uses.isEmpty { try write(text(uses, key: bytes)) }
            throw failure
        }
        let isThere = read.contains { $0.has(bytes) }
        if arguments.supposedValue == nil, !isThere, uses.allSatisfy(\.lines.isEmpty) {
            let near = read.lazy.compactMap { $0.nearKey(to: bytes) }.first
            throw .problem(.noKey(key, suggestion: near.map { String(decoding: $0, as: UTF8.self) }))
        }
        return text(uses, key: bytes)
    }

    private func text(_ uses: [KeyUse], key: [UInt8]) -> [UInt8] {
        if settings.json { return json { $0.set(uses, key: key, supposes: arguments.supposedValue != nil) } }
        if arguments.supposedValue == nil { return KeyUse.text(uses, key, texts) }
        return uses.flatMap { $0.difference(context: settings.diffContext, isColoured: settings.coloursOutput) }
    }

    /// Adds the use of `key` in the file of a resource, or in those files of its items that it decides something of.
    private func note(_ uses: inout [KeyUse], of key: [UInt8], in keys: ExplainedResource) throws(ExplainFailure) {
        let resource = keys.resource
        let supposed = arguments.supposedValue.map { explainer.suppose(key, Array($0.utf8), in: keys) }
        let chosen = arguments.item == nil ? nil : try file(of: keys).resource.destination
        func add(_ use: KeyUse) {
            if !resource.isGroup || !use.lines.isEmpty || use.changes { uses.append(use) }
        }
        for file in keys.files.files where chosen.map({ $0 == file.resource.destination }) ?? true {
            let other = supposed?.files.file(at: file.resource.destination)
            let rendering = Result { () throws(ExplainFailure) in try explainer.explain(file, of: keys) }
            if case .failure = rendering, let supposed, let other {
                // The template fails without this value: all of its file is new.
                add(KeyUse(key, try explainer.explain(other, of: supposed), supposed: .newFile))
                continue
            }
            let explanation = try rendering.get()
            if let supposed, let other {
                add(KeyUse(key, explanation, supposed: .other(try explainer.explain(other, of: supposed))))
            } else {
                add(KeyUse(key, explanation, supposed: supposed == nil ? .nothing : .noFile))
            }
        }
        guard let supposed, chosen == nil else { return }
        for file in supposed.files.files where keys.files.file(at: file.resource.destination) == nil {
            add(KeyUse(key, try explainer.explain(file, of: supposed), supposed: .newFile))
        }
    }

    // MARK: - The last change

    private func last(_ given: String) throws(ExplainFailure) -> [UInt8] {
        guard let socket = settings.controlSocket else { throw .problem(.noControl) }
        // The daemon knows resources and their items by their names, and reads the same files.
        let resource = try written(given)
        let change: LastChangeReport
        do throws(DaemonClient.Problem) {
            change = try LastChangeReport.ask(DaemonClient(socket: socket), resource.name)
        } catch {
            throw .problem(.control(error, socket: socket))
        }
        // Without changed keys there are no lines to find; with several files it is not known which one is meant.
        let isOneFile = !resource.isGroup
        let explanation = change.keys.isEmpty || !isOneFile ? nil : try explanation(of: given)
        return settings.json
            ? json { $0.set(change, resource, explanation) } : Array(change.text(resource, explanation).utf8)
    }

    // MARK: - Output

    private func json(_ members: (inout StatusWriter) -> Void) -> [UInt8] {
        var writer = StatusWriter()
        writer.object(members)
        return PrintableText.json(writer.finish()) + [UInt8(ascii: "\n")]
    }

    private func write(_ bytes: [UInt8]) throws(ExplainFailure) {
        do throws(SystemError) {
            try StandardStream.output.write(bytes)
        } catch {
            throw .problem(.notWritten(error))
        }
    }
}
