import Configuration

/// The resources as they are below confdir. Of a file that cannot be used any more, the last good version stays.
struct Inventory {
    private let loader: ResourceLoader
    private let logger: Logger
    private(set) var resources: [Resource] = []
    /// The templates that resources name, also those that are missing and those of resources that cannot be used.
    private(set) var templates: Set<String> = []
    /// What was wrong at the last look.
    private(set) var errors: [ResourceError] = []
    /// Whether everything could be used at the last look, and there was something.
    private(set) var isComplete = false
    /// Files that cannot be used, and no earlier version of them either.
    private(set) var unusable: [String] = []
    /// What was reported at the last look: nothing is reported twice in a row.
    private var reported: Set<String> = []

    /// Where resource files are looked for.
    var folder: String { loader.folder }

    init(_ loader: ResourceLoader, logger: Logger) {
        self.loader = loader
        self.logger = logger
    }

    /// Looks at all files anew.
    mutating func reload() {
        var report = Report(known: reported)
        do {
            let loaded = try loader.load()
            for warning in loaded.warnings where report.isNew(warning.text) {
                logger.warning(warning.summary, warning)
            }
            for error in loaded.errors {
                guard report.isNew(error.text) else { continue }
                logger.error("Cannot process template resource \(error.summary)", error)
            }
            if loaded.resources.isEmpty, loaded.errors.isEmpty, report.isNew("Found no templates") {
                logger.warning("Found no templates in \(loader.folder)")
            }
            resources = loaded.resources + kept(beside: loaded)
            templates = Set(loaded.templates.map(\.path) + resources.map(\.source))
            errors = loaded.errors
            let usable = Set(resources.map(\.file))
            unusable = Set(loaded.errors.map(\.file)).subtracting(usable).sorted()
            isComplete = loaded.errors.isEmpty && !loaded.resources.isEmpty
            for resource in loaded.resources { logger.debug("Found template: \(resource.file)") }
        } catch {
            if report.isNew(error.text) {
                logger.error("Cannot load template resources: \(error.summary)", error)
            }
            isComplete = false
        }
        reported = report.texts
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

    /// The texts of one look.
    private struct Report {
        let known: Set<String>
        var texts: Set<String> = []

        mutating func isNew(_ text: String) -> Bool {
            texts.insert(text)
            return !known.contains(text)
        }
    }
}
