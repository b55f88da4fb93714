import Applying
import Backends
import Configuration
import KeyValue
import Posix

/// `confd render`: prints what the template of one resource gives, and changes nothing.
struct RenderCommand {
    let settings: Settings
    let logger: Logger
    let loader: ResourceLoader
    let backends: BackendPool

    /// Renders and writes to standard output; what is wrong is logged. Returns the exit code. To be called on a thread with
    /// a stack of `ResourceRenderer.stackSize`.
    func run() -> Int32 {
        do throws(Failure) {
            let resource = try chosenResource()
            let snapshot = try keys(of: resource)
            let content = try render(resource, snapshot)
            // The output is what is looked at, so it is printed even if it is not of its format.
            try write(content)
            try check(content, resource)
            return ExitCode.done
        } catch {
            if case .problem(let problem) = error { logger.error(problem.message, problem) }
            return error.exitCode
        }
    }

    // MARK: What is rendered

    private func chosenResource() throws(Failure) -> Resource {
        do throws(ResourceError) {
            if let template = settings.rendering.template { return try loader.resource(ofTemplate: template) }
        } catch {
            logger.error(error.summary, error)
            throw .logged(ExitCode.usage)
        }
        let (file, number) = Self.split(settings.rendering.resource ?? "")
        let loading = Result { () throws(ResourceError) in try loader.load(only: file) }
        logger.report(ResourceProblem.all(of: loading, in: loader.folder))
        guard case .success(let loaded) = loading else { throw .logged(ExitCode.usage) }
        return try Self.choice(number, of: loaded, file)
    }

    /// `a.toml#2` is the second `[[template]]` of `a.toml`.
    static func split(_ given: String) -> (file: String, number: Int?) {
        guard let sign = given.utf8.lastIndex(of: UInt8(ascii: "#")),
            let number = Int(given[given.utf8.index(after: sign)...]), number > 0
        else { return (given, nil) }
        return (String(given[..<sign]), number)
    }

    private static func choice(
        _ number: Int?, of loaded: ResourceLoader.Result, _ file: String
    ) throws(Failure) -> Resource {
        let count = loaded.templates.count
        guard let number else {
            if count > 1 { throw .problem(.severalTemplates(file, count: count)) }
            // It has errors, which were logged, or it has services alone.
            guard let resource = loaded.resources.first else {
                if loaded.errors.isEmpty { throw .problem(.noTemplate(file)) }
                throw .logged(ExitCode.failed)
            }
            return resource
        }
        let suffix = number == 1 ? "" : "#\(number)"
        let found = loaded.resources.first { $0.name.hasSuffix(suffix) && (number > 1 || !$0.name.contains("#")) }
        if let found { return found }
        if number <= count, !loaded.errors.isEmpty { throw .logged(ExitCode.failed) }
        throw .problem(.noSuchTemplate(file, number: number, count: count))
    }

    // MARK: Keys

    private func keys(of resource: Resource) throws(Failure) -> Snapshot {
        if resource.ranges.isEmpty || !hasKeys { return Snapshot([]) }
        do throws(BackendError) {
            return try backends.backend(for: resource.backend)
                .snapshot(of: resource.ranges, timeout: settings.backendTimeout)
        } catch {
            logger.error(error.message, error.logFields(resource.backend))
            throw .logged(ExitCode.backend)
        }
    }

    /// A template alone is rendered without keys, unless something says where they are.
    private var hasKeys: Bool {
        if settings.rendering.template == nil || settings.origins["backend"] != nil { return true }
        return settings.backend.kind.options.contains { settings.origins[$0.name] != nil }
    }

    // MARK: Rendering

    private func render(_ resource: Resource, _ snapshot: Snapshot) throws(Failure) -> [UInt8] {
        let renderer = ResourceRenderer(settings)
        let cancellation: Cancellation
        do {
            cancellation = try Cancellation()
        } catch {
            throw .problem(.system(error))
        }
        let applier = Applier(settings: settings, logger: logger, renderer: renderer, cancellation: cancellation)
        var pass = OnePass()
        var health = ResourceHealth(resource, environment: renderer.environment)
        if health != nil { health?.known = pass.verdicts(of: resource, settings, logger) }
        _ = health?.update(VersionedSnapshot(snapshot: snapshot, version: 1), at: .zero) { _ in nil }
        let request = RenderRequest(
            resource: resource, snapshot: health?.visible?.snapshot ?? snapshot, store: snapshot, base: .unknown,
            health: health?.source(nil), history: History(), mayCheckAgain: false,
            guardBasis: GuardBasis(applied: nil, isBelieved: true, isKept: false))
        // What is wrong has been logged.
        guard let content = applier.render(request).content else { throw .logged(ExitCode.failed) }
        return content
    }

    private func check(_ content: [UInt8], _ resource: Resource) throws(Failure) {
        do throws(OutputFormatError) {
            try resource.outputFormat?.check(content)
        } catch {
            throw .problem(.format(error.report(of: resource.destination).summary, resource: resource.name))
        }
    }

    private func write(_ content: [UInt8]) throws(Failure) {
        do throws(SystemError) {
            try StandardStream.output.write(content)
        } catch {
            throw .problem(.notWritten(error))
        }
    }
}

extension RenderCommand {
    /// Why nothing, or not all, was printed.
    enum Problem: Equatable {
        case severalTemplates(String, count: Int)
        case noSuchTemplate(String, number: Int, count: Int)
        /// The file registers services, and has no `[template]`.
        case noTemplate(String)
        /// Not what `output_format` says; the place and the parser's words.
        case format(String, resource: String)
        case notWritten(SystemError)
        case system(SystemError)
    }

    private enum Failure: Error {
        case problem(Problem)
        /// It has been logged; the exit code.
        case logged(Int32)

        var exitCode: Int32 {
            switch self {
            case .problem(.severalTemplates), .problem(.noSuchTemplate), .problem(.noTemplate): ExitCode.usage
            case .problem(.format), .problem(.notWritten), .problem(.system): ExitCode.failed
            case .logged(let code): code
            }
        }
    }
}

extension RenderCommand.Problem: LogSubject {
    var logFields: LogFields { LogFields().explained(hint: hint) }

    var message: String {
        switch self {
        case .severalTemplates(let file, let count): "\(file) has \(count) templates: which is to be rendered?"
        case .noSuchTemplate(let file, let number, let count):
            "there is no \(file)#\(number): it has \(count == 1 ? "one template" : "\(count) templates")"
        case .noTemplate(let file): "\(file) has no [template]"
        case .format(let summary, let resource): "\(resource): \(summary)"
        case .notWritten(let error): "cannot write to standard output: \(error.reason)"
        case .system(let error): error.message
        }
    }

    private var hint: String? {
        switch self {
        case .severalTemplates(let file, let count): "\(file)#1 is the first, \(file)#\(count) the last"
        case .notWritten(let error) where error.code == Errno.noSpace: "free some space on its file system"
        case .noSuchTemplate, .noTemplate, .format, .notWritten, .system: nil
        }
    }
}
