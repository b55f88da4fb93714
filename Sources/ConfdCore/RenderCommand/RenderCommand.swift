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
            let renderer = ResourceRenderer(settings)
            let view = ResourceView(of: resource, snapshot, settings, logger, renderer.environment)
            let file = try chosenFile(of: resource, view, renderer)
            let content = try render(file, snapshot, view, renderer)
            // Printed also if `output_format` refuses it: the user wants to see it.
            try write(content)
            try check(content, file.resource)
            return ExitCode.done
        } catch {
            switch error {
            case .problem(let problem): logger.error(problem.message, problem)
            case .choice(let failure): failure.log(to: logger)
            case .item(let error): logger.error(error.message, error)
            case .logged: break
            }
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
        do throws(ResourceChoice.Failure) {
            return try ResourceChoice(loader: loader, logger: logger).resource(settings.rendering.resource ?? "")
        } catch {
            throw .choice(error)
        }
    }

    // MARK: Keys

    private func keys(of resource: Resource) throws(Failure) -> Snapshot {
        if !hasKeys { return Snapshot([]) }
        guard let keys = backends.keys(of: resource, timeout: settings.backendTimeout, logger) else {
            throw .logged(ExitCode.backend)
        }
        return keys
    }

    /// A template alone is rendered without keys, unless something says where they are.
    private var hasKeys: Bool {
        if settings.rendering.template == nil || settings.origins["backend"] != nil { return true }
        if !settings.listedLayers.isEmpty { return true }
        return settings.backend.kind.options.contains { settings.origins[$0.name] != nil }
    }

    // MARK: Rendering

    private func chosenFile(
        of resource: Resource, _ view: ResourceView, _ renderer: ResourceRenderer
    ) throws(Failure) -> ResourceFiles.File {
        do throws(ItemChoiceError) {
            return try ResourceFiles(of: resource, over: view.keys(of: resource), in: renderer.environment)
                .file(ofItem: settings.rendering.item)
        } catch {
            throw .item(error)
        }
    }

    private func render(
        _ file: ResourceFiles.File, _ snapshot: Snapshot, _ view: ResourceView, _ renderer: ResourceRenderer
    ) throws(Failure) -> [UInt8] {
        let cancellation: Cancellation
        do {
            cancellation = try Cancellation()
        } catch {
            throw .problem(.system(error))
        }
        let applier = Applier(settings: settings, logger: logger, renderer: renderer, cancellation: cancellation)
        let request = RenderRequest(
            resource: file.resource, snapshot: view.visible, store: snapshot, base: .unknown,
            health: view.health, history: History(), mayCheckAgain: false,
            guardBasis: GuardBasis(applied: nil, isBelieved: true, isKept: false), itemIndex: file.itemIndex)
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
        /// Not what `output_format` says; the place and the parser's words.
        case format(String, resource: String)
        case notWritten(SystemError)
        case system(SystemError)
    }

    private enum Failure: Error {
        case problem(Problem)
        case choice(ResourceChoice.Failure)
        case item(ItemChoiceError)
        /// It has been logged; the exit code.
        case logged(Int32)

        var exitCode: Int32 {
            switch self {
            case .problem: ExitCode.failed
            case .choice(let failure): failure.exitCode
            case .item: ExitCode.usage
            case .logged(let code): code
            }
        }
    }
}

extension RenderCommand.Problem: LogSubject {
    var logFields: LogFields { LogFields().explained(hint: hint) }

    var message: String {
        switch self {
        case .format(let summary, let resource): "\(resource): \(summary)"
        case .notWritten(let error): "cannot write to standard output: \(error.reason)"
        case .system(let error): error.message
        }
    }

    private var hint: String? {
        switch self {
        case .notWritten(let error) where error.code == Errno.noSpace: "free some space on its file system"
        case .format, .notWritten, .system: nil
        }
    }
}
