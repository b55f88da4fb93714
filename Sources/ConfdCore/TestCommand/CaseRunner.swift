import Applying
import Backends
import Configuration
import Diagnostics
import KeyValue
import Posix
import Rendering
import Staging

/// What came out of one case.
struct CaseResult {
    enum Problem {
        /// The case, its keys, a resource file or a template has an error; the text as people read it.
        case error(String)
        /// An expected file has other bytes than what is rendered.
        case differs(FileDifference)
        /// No error has the text of the file `error`.
        case noSuchError(String, errors: [String])
    }

    let name: String
    var problems: [Problem] = []
    /// What is odd and no error.
    var warnings: [String] = []
    /// The files that `-update` has written.
    var written: [String] = []
    /// The templates of all resources.
    var templates: Set<String> = []
    var duration = Duration.zero
}

/// Runs cases one after the other, on a thread with a stack of `ResourceRenderer.stackSize`.
struct CaseRunner {
    let settings: Settings
    let coverage: CoverageRecorder?

    func run(_ folder: String) -> CaseResult {
        let start = Clock.monotonic()
        var result = CaseResult(name: Files.split(folder).name)
        do throws(TestCaseError) {
            run(try TestCase(folder), &result)
        } catch {
            result.problems.append(.error(error.report.text))
        }
        result.duration = Clock.monotonic() - start
        return result
    }

    private func run(_ test: TestCase, _ result: inout CaseResult) {
        let loader = ResourceLoader(settings, environment: test.variables)
        let loaded: ResourceLoader.Result
        do throws(ResourceError) {
            loaded = try loader.load()
        } catch {
            return result.problems.append(.error(error.text))
        }
        result.templates = Set(loaded.templates.map(\.path))
        var errors = loaded.errors.map(\.text)
        var rendered: [(path: String, content: [UInt8])] = []
        for resource in chosen(loaded.resources, for: test) {
            let path = TestCase.path(of: resource.destination)
            switch render(resource, test, &result) {
            case .success(let content): rendered.append((path, content))
            case .failure(let failure): errors.append(failure.text)
            }
        }
        judge(rendered, errors, test, &result)
        refuseUnknown(test, loaded.resources, &result)
    }

    /// The resources whose files are expected; all if none is, or if an error is. Files of items are not rendered.
    private func chosen(_ all: [Resource], for test: TestCase) -> [Resource] {
        let resources = all.filter { !$0.isGroup }
        if test.expected.isEmpty || test.error != nil { return resources }
        return resources.filter { test.expected[TestCase.path(of: $0.destination)] != nil }
    }

    // MARK: Rendering

    private func render(
        _ resource: Resource, _ test: TestCase, _ result: inout CaseResult
    ) -> Result<[UInt8], IsolatedRendering.Failure> {
        let snapshot: Snapshot
        do throws(BackendError) {
            let backend = FileBackend(paths: test.keys.map { [$0] } ?? [])
            snapshot = try backend.snapshot(of: resource.ranges, timeout: settings.backendTimeout)
        } catch {
            return .failure(IsolatedRendering.Failure(text: ErrorReport(error.message, hint: error.hint).text))
        }
        let environment = CaseEnvironment(
            templateFolder: "\(settings.confdir)/templates", variables: test.variables, now: test.now)
        // Nothing is probed, so servers count as `initial` says.
        var health = ResourceHealth(resource, environment: environment)
        _ = health?.update(VersionedSnapshot(snapshot: snapshot, version: 1), at: .zero) { _ in nil }
        let view = (health?.visible?.snapshot ?? snapshot).view(of: resource.ranges, strippingPrefix: resource.prefix)
        let isolation = Isolation(environment: environment, recording: coverage.map { .coverage($0) })
        let rendering = ResourceRenderer(settings).render(resource, view, health?.source(nil), isolation)
        result.warnings += rendering.warnings
        return rendering.content.flatMap { content in
            do throws(OutputFormatError) {
                try resource.outputFormat?.check(content)
                return .success(content)
            } catch {
                return .failure(IsolatedRendering.Failure(text: error.report(of: resource.destination).text))
            }
        }
    }

    // MARK: Judging

    private func judge(
        _ rendered: [(path: String, content: [UInt8])], _ errors: [String], _ test: TestCase, _ result: inout CaseResult
    ) {
        if let wanted = test.error {
            let others = errors.filter { !$0.contains(text: wanted) }
            // Where files are expected too, no other resource may fail.
            if others.count == errors.count { result.problems.append(.noSuchError(wanted, errors: errors)) }
        } else {
            result.problems += errors.map { .error($0) }
        }
        for (path, content) in rendered {
            if let file = test.expected[path] {
                compare(content, file, &result)
            } else if settings.testing.updates, test.error == nil {
                write(content, Files.join(test.expectedFolder, String(path.dropFirst())), &result)
            }
        }
        if test.expected.isEmpty, test.error == nil, !settings.testing.updates {
            let report = ErrorReport(
                "it expects nothing", at: Location(test.folder), hint: "confd test -update writes what is rendered")
            result.problems.append(.error(report.text))
        }
    }

    private func compare(_ content: [UInt8], _ file: String, _ result: inout CaseResult) {
        do throws(SystemError) {
            let expected = try Files.read(file)
            if expected == content { return }
            if settings.testing.updates { return write(content, file, &result) }
            result.problems.append(.differs(FileDifference(path: file, old: expected, new: content)))
        } catch {
            result.problems.append(.error(ErrorReport(error.reason, at: Location(file)).text))
        }
    }

    private func write(_ content: [UInt8], _ file: String, _ result: inout CaseResult) {
        do throws(SystemError) {
            try Files.makeFolders(Files.split(file).folder)
            try Files.write(content, to: file)
            result.written.append(file)
        } catch {
            result.problems.append(.error(ErrorReport(error.message).text))
        }
    }

    /// An expected file that no resource writes tests nothing.
    private func refuseUnknown(_ test: TestCase, _ resources: [Resource], _ result: inout CaseResult) {
        let destinations = resources.map { TestCase.path(of: $0.destination) }
        for (path, file) in test.expected.sorted(by: { $0.key < $1.key }) where !destinations.contains(path) {
            let near = Suggestion.nearest(to: path, among: destinations)
            let report = ErrorReport(
                "no resource writes \(path)", at: Location(file), hint: near.map { "did you mean \"\($0)\"?" })
            result.problems.append(.error(report.text))
        }
    }
}
