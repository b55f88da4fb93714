import Applying
import Backends
import Configuration
import Diagnostics
import JSON
import KeyValue
import Posix
import Rendering
import Staging
import Synchronization
import TextTemplate

/// `-validate`: looks at settings, resources and templates without contacting a backend, and reports all errors
/// at once.
struct Validation {
    private let settings: Settings
    private let loader: ResourceLoader
    private let environment: TemplateEnvironment
    private let renderer = Renderer()
    private var findings: [Finding] = []
    private var fileCount = 0
    private var templateCount = 0

    /// `errors` are those of the settings themselves.
    init(_ settings: Settings, errors: [SettingsError], loader: ResourceLoader) {
        self.settings = settings
        self.loader = loader
        environment = TemplateEnvironment(templateFolder: "\(loader.confdir)/templates")
        findings = errors.map { Finding($0, .error) } + settings.warnings.map { Finding($0, .warning) }
    }

    /// The findings in the order of the files, and a line that counts them.
    struct Report {
        let findings: [Finding]
        let summary: String
        let exitCode: Int32
    }

    /// Looks at everything. To be called on a thread with a stack of `ResourceRenderer.stackSize`.
    mutating func run() -> Report {
        let mock = mockData()
        let loading = Result { () throws(ResourceError) in try loader.load(only: settings.resource) }
        findings += ResourceProblem.all(of: loading, in: loader.folder).map { Finding($0) }
        if case .success(let loaded) = loading {
            fileCount = loaded.fileCount
            findings += loaded.resources.filter(checksInPlace).map { Finding(checkInPlace: $0) }
            checkTemplates(loaded)
            for resource in loaded.resources { findings += KeyAdvice.findings(of: resource) }
            checkContents(loaded.resources)
            if let mock { tryTemplates(loaded.resources, mock) }
        }
        // With -strict, warnings count too.
        if settings.strict { findings = findings.map(\.strict) }
        let errors = findings.count { $0.severity == .error }
        return Report(
            findings: grouped, summary: summary(errors), exitCode: errors == 0 ? ExitCode.done : ExitCode.usage)
    }

    /// Whether the check runs in place though nothing says so; what is written to a pipe or device is always checked before.
    private func checksInPlace(_ resource: Resource) -> Bool {
        guard resource.checksInPlace, resource.impliesCheckPlace else { return false }
        return (try? Destination(resolving: resource.destination))?.stream == nil
    }

    /// File by file, each in the order of its lines.
    private var grouped: [Finding] {
        var seen: Set<String?> = []
        let files = findings.map(\.report.location?.file).filter { seen.insert($0).inserted }
        let groups = Dictionary(grouping: findings, by: \.report.location?.file)
        return files.flatMap { file in
            groups[file, default: []].sorted {
                let (left, right) = ($0.report.location, $1.report.location)
                return (left?.line ?? 0, left?.column ?? 0) < (right?.line ?? 0, right?.column ?? 0)
            }
        }
    }

    private func summary(_ errors: Int) -> String {
        let files = Self.counted(fileCount, "resource file")
        let templates = Self.counted(templateCount, "template")
        let notes = findings.count { $0.severity == .note }
        let warnings = Self.counted(findings.count - errors - notes, "warning")
        return "checked \(files) and \(templates): \(Self.counted(errors, "error")), \(warnings)"
    }

    private static func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}

// MARK: - Templates

extension Validation {
    /// Checks the templates of the resources, and those that only other templates can use.
    private mutating func checkTemplates(_ loaded: ResourceLoader.Result) {
        var seen: Set<TemplateUse> = []
        // A missing template is an error of its resource.
        for use in loaded.templates where Files.exists(use.path) && seen.insert(use).inserted { check(use) }
        if settings.resource != nil { return }
        let used = Set(seen.map(\.path))
        // Included templates are always read with the standard delimiters.
        for path in Files.tree(String(environment.templateFolder.text)).files
        where path.hasSuffix(".tmpl") && !used.contains(path) {
            check(TemplateUse(path: path, leftDelimiter: "{{", rightDelimiter: "}}"))
        }
    }

    private mutating func check(_ use: TemplateUse) {
        templateCount += 1
        let source: ByteString
        do {
            source = ByteString(try Files.read(use.path, limit: FileLimit.template))
        } catch {
            return findings.append(Finding(error, path: use.path))
        }
        let name = Files.split(use.path).name
        let errors = CompiledTemplate.check(source, name: name, options: use.options)
        findings += errors.map { Finding($0, path: use.path, source: source) }
        if use.leftDelimiter != "{{", !source.text.contains(text: use.leftDelimiter) {
            let report = ErrorReport(
                "there is no \"\(use.leftDelimiter)\" in it, the left_delimiter of its resource",
                at: Location(use.path), hint: "nothing in this template is replaced")
            findings.append(Finding(report, .warning))
        }
    }
}

extension TemplateUse {
    fileprivate var options: Template.Options {
        var options = Template.Options()
        options.leftDelimiter = Array(leftDelimiter.utf8)
        options.rightDelimiter = Array(rightDelimiter.utf8)
        return options
    }
}

// MARK: - Files of backends

extension Validation {
    /// Looks at the files of backends, those with keys and those with secrets; at the backends of the settings and of resources.
    private mutating func checkContents(_ resources: [Resource]) {
        let given = settings.layers.map(\.backend)
        var seen: Set<BackendConfiguration> = []
        let backends = (given + resources.flatMap(\.layers).map(\.backend)).filter { seen.insert($0).inserted }
        let warnings = Mutex<[String]>([])
        let warn: @Sendable (String) -> Void = { text in warnings.withLock { $0.append(text) } }
        let context = BackendContext(environment: { [] }, warn: warn)
        for backend in backends {
            findings += backend.kind.contentErrors(of: backend.options, in: context).map {
                Finding(ErrorReport($0.message, hint: $0.hint), .error)
            }
            findings += backend.kind.unreadableFiles(of: backend.options).map { option, error in
                Finding(ErrorReport("\(backend.name): -\(option.name): \(error.message)"), .warning)
            }
        }
        findings += warnings.withLock { $0 }.map { Finding(ErrorReport($0), .warning) }
    }
}

// MARK: - Mock data

extension Validation {
    /// The object that `-mock-data` holds: the templates' dot, and their keys, as the file backend would read them.
    private struct MockData {
        let trial: TrialData
        let backend: FileBackend
    }

    private mutating func mockData() -> MockData? {
        guard let path = settings.mockData else { return nil }
        let bytes: [UInt8]
        do {
            bytes = try Files.read(path, limit: FileLimit.mockData)
        } catch {
            findings.append(Finding(ErrorReport("-mock-data: \(error.message)"), .error))
            return nil
        }
        do {
            return MockData(trial: try TrialData(bytes), backend: FileBackend(paths: [path]))
        } catch {
            let before = bytes.prefix(error.offset)
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
            let report = ErrorReport(
                "this is not a JSON object", at: Location(path, line: line, column: column),
                hint: "for example {\"app\": {\"port\": \"80\"}}")
            findings.append(Finding(report, .error))
            return nil
        }
    }

    /// Renders every template that can be parsed, and reports its failure; the output is dropped.
    private mutating func tryTemplates(_ resources: [Resource], _ mock: MockData) {
        for resource in resources {
            do {
                let source = ByteString(try Files.read(resource.source, limit: FileLimit.template))
                let use = TemplateUse(
                    path: resource.source, leftDelimiter: resource.leftDelimiter,
                    rightDelimiter: resource.rightDelimiter)
                let snapshot = try mock.backend.snapshot(of: resource.ranges, timeout: settings.backendTimeout)
                let template = try CompiledTemplate(
                    source, name: Files.split(resource.source).name, options: use.options)
                let view = snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix)
                for file in ResourceFiles(of: resource, over: view, in: environment).files {
                    let item = file.resource.itemRecord(over: view, index: file.itemIndex)
                    let rendered = renderer.render(
                        template, over: view, in: environment, limits: TemplateLimits.fromNow(), item: item,
                        trial: mock.trial)
                    if !rendered.keysReadAsEmpty.isEmpty {
                        let keys = rendered.keysReadAsEmpty.map { "\"\($0.text)\"" }.joined(separator: ", ")
                        let report = ErrorReport(
                            "-mock-data has no \(keys): read as empty", at: Location(resource.source),
                            hint: "in a run a key that is missing fails, unless getv has a default")
                        findings.append(Finding(report, .warning))
                    }
                    guard let failure = rendered.failure else { continue }
                    findings.append(Finding(failure, path: resource.source, source: source))
                    break
                }
            } catch let error as BackendError {
                findings.append(Finding(ErrorReport("-mock-data: \(error.message)", hint: error.hint), .error))
            } catch {
                // Errors of reading and parsing have been reported already.
                continue
            }
        }
    }
}
