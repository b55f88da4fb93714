import Applying
import Configuration

/// Finds the resource that a command line names.
struct ResourceChoice {
    /// Why there is none.
    enum Problem: Equatable {
        case severalTemplates(String, count: Int)
        case noSuchTemplate(String, number: Int, count: Int)
        /// The file registers services, and has no `[template]`.
        case noTemplate(String)
    }

    enum Failure: Error {
        case problem(Problem)
        /// It has been logged; the exit code.
        case logged(Int32)

        var exitCode: Int32 {
            switch self {
            case .problem: ExitCode.usage
            case .logged(let code): code
            }
        }

        func log(to logger: Logger) {
            if case .problem(let problem) = self { logger.error(problem.message, problem) }
        }
    }

    let loader: ResourceLoader
    let logger: Logger

    /// The resource of `given`: a file as `-resource` takes it, perhaps with `#2`. What is wrong with the file is logged.
    func resource(_ given: String) throws(Failure) -> Resource {
        let (file, number) = Self.split(given)
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
}

extension ResourceChoice.Problem: LogSubject {
    var logFields: LogFields { LogFields().explained(hint: hint) }

    var message: String {
        switch self {
        case .severalTemplates(let file, let count): "\(file) has \(count) templates: which one is meant?"
        case .noSuchTemplate(let file, let number, let count):
            "there is no \(file)#\(number): it has \(count == 1 ? "one template" : "\(count) templates")"
        case .noTemplate(let file): "\(file) has no [template]"
        }
    }

    private var hint: String? {
        switch self {
        case .severalTemplates(let file, let count): "\(file)#1 is the first, \(file)#\(count) the last"
        case .noSuchTemplate, .noTemplate: nil
        }
    }
}
