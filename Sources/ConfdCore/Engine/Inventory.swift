import Applying
import Configuration

/// The resources as they are below confdir. Of a file that cannot be used any more, the last good version stays.
struct Inventory {
    private let loader: ResourceLoader
    private let logger: Logger
    /// The service of `confd register`, which has no resource files; nil for all other commands.
    private let service: ServiceDefinition?
    private(set) var resources: [Resource] = []
    private(set) var services: [ServiceDefinition] = []
    /// The templates that resources name, also those that are missing and those of resources that cannot be used.
    private(set) var templates: Set<String> = []
    /// What was wrong at the last look.
    private(set) var errors: [ResourceError] = []
    /// How many resources and services could not be used at the last look.
    private(set) var unusableCount = 0
    /// Whether there was no place for resource files at the last look: no confdir, or no conf.d in it.
    private(set) var hasNoFolder = false
    /// Whether everything could be used at the last look, and there was something.
    private(set) var isComplete = false
    /// Whether there was nothing at the last look: no confdir, no conf.d, no resource file.
    private(set) var isEmpty = true
    /// Files that cannot be used, and no earlier version of them either.
    private(set) var unusable: [String] = []
    /// What is wrong with the files of resources of which the last good version is used, by the name of the resource.
    private(set) var brokenDefinitions: [String: ResourceError] = [:]
    /// What was reported at the last look: nothing is reported twice in a row.
    private var reported: Set<String> = []

    /// Where resource files are looked for.
    var folder: String { loader.folder }

    init(_ loader: ResourceLoader, logger: Logger, service: ServiceDefinition? = nil) {
        self.service = service
        self.loader = loader
        self.logger = logger
    }

    /// The operator asks for another look (HUP): what is still wrong is reported again.
    mutating func clearForAnotherLook() { reported = [] }

    /// Looks at all files anew.
    mutating func reload() {
        if let service {
            services = [service]
            isComplete = true
            isEmpty = false
            return
        }
        logger.debug("Loading template resources from confdir \(loader.confdir)")
        let loading = Result { () throws(ResourceError) in try loader.load() }
        let problems = ResourceProblem.all(of: loading, in: folder)
        logger.report(problems, known: reported)
        reported = Set(problems.map(\.text))
        hasNoFolder = if case .failure = loading { true } else { false }
        guard case .success(let loaded) = loading else {
            isComplete = false
            isEmpty = true
            return
        }
        let kept = kept(beside: loaded)
        resources = loaded.resources + kept
        brokenDefinitions = Dictionary(
            uniqueKeysWithValues: kept.compactMap { resource in
                loaded.errors.first { $0.file == resource.file }.map { (resource.name, $0) }
            })
        services = loaded.services + keptServices(beside: loaded)
        templates = Set(loaded.templates.map(\.path) + resources.map(\.source))
        errors = loaded.errors
        unusableCount = loaded.unusableCount
        let usable = Set(resources.map(\.file))
        unusable = Set(loaded.errors.map(\.file)).subtracting(usable).sorted()
        isComplete = loaded.errors.isEmpty && !(loaded.resources.isEmpty && loaded.services.isEmpty)
        isEmpty = loaded.errors.isEmpty && loaded.resources.isEmpty && loaded.services.isEmpty
        for resource in loaded.resources {
            logger.debug("Found template: \(resource.file)")
            logger.debug("Loading template resource from \(resource.file)")
            logger.debug("Key prefix set to \(String(decoding: resource.prefix, as: UTF8.self))")
        }
    }

    /// Services that were good and are now in a file that is not.
    private func keptServices(beside loaded: ResourceLoader.Result) -> [ServiceDefinition] {
        let broken = Set(loaded.errors.map(\.file))
        let names = Set(loaded.services.map(\.name))
        return services.filter { broken.contains($0.file) && !names.contains($0.name) }
    }

    /// Resources that were good and are now in a file that is not.
    private func kept(beside loaded: ResourceLoader.Result) -> [Resource] {
        let broken = Set(loaded.errors.map(\.file))
        let names = Set(loaded.resources.map(\.name))
        let destinations = Set(loaded.resources.map(\.destination))
        return resources.filter { resource in
            broken.contains(resource.file) && !names.contains(resource.name)
                && !destinations.contains(resource.destination)
        }
    }
}
