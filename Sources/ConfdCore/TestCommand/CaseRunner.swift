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
        result.warnings += loaded.warnings.map(\.text)
        var errors = loaded.errors.map(\.text)
        var rendered: [Rendered] = []
        var destinations: [String] = []
        var keysAreRead = true
        for resource in loaded.resources {
            let view: CaseView
            switch keys(of: resource, test) {
            case .success(let known): view = known
            case .failure(let failure):
                // The file of keys is the same for all resources.
                if keysAreRead { errors.append(failure.text) }
                keysAreRead = false
                continue
            }
            let paths = view.files.files.map { TestCase.path(of: $0.resource.destination) }
            destinations += paths
            guard isChosen(paths, for: test) else { continue }
            errors += view.files.problems.map { "\(resource.name): \(ItemSet.message($0.key, $0.error))" }
            for (path, file) in zip(paths, view.files.files) {
                switch render(file, view, test, &result) {
                case .success(let content):
                    rendered.append(Rendered(path: path, content: content, isItem: resource.isGroup))
                case .failure(let failure): errors.append(failure.text)
                }
            }
        }
        judge(rendered, errors, test, &result)
        // A resource file with an error, which fails the case, may be the one that writes them.
        let destinationsAreKnown = loaded.errors.isEmpty || test.error != nil
        // Which files there are with for_each is not known without keys.
        if keysAreRead, destinationsAreKnown { refuseUnknown(test, destinations, &result) }
    }

    /// A file that came out.
    private struct Rendered {
        let path: String
        let content: [UInt8]
        /// Whether it is one of those that `for_each` makes.
        let isItem: Bool
    }

    /// Whether the resource of the files `paths` is rendered: if one is expected, if nothing is, or if an error is.
    private func isChosen(_ paths: [String], for test: TestCase) -> Bool {
        test.expected.isEmpty || test.error != nil || paths.contains { test.expected[$0] != nil }
    }

    // MARK: Rendering

    /// What the template of a resource sees in a case.
    private struct CaseView {
        let keys: Snapshot
        let health: (any HealthSource)?
        let files: ResourceFiles
        let environment: CaseEnvironment
    }

    private func keys(
        of resource: Resource, _ test: TestCase
    ) -> Result<CaseView, IsolatedRendering.Failure> {
        let snapshot: Snapshot
        do throws(BackendError) {
            let backend = FileBackend(paths: test.keys.map { [$0] } ?? [])
            snapshot = try backend.snapshot(of: resource.ranges, timeout: settings.backendTimeout)
        } catch {
            return .failure(IsolatedRendering.Failure(ErrorReport(error.message, hint: error.hint)))
        }
        let environment = CaseEnvironment(
            templateFolder: "\(settings.confdir)/templates", variables: test.variables, now: test.now)
        // Nothing is probed, so servers count as `initial` says.
        var health = ResourceHealth(resource, environment: environment)
        _ = health?.update(VersionedSnapshot(snapshot: snapshot, version: 1), at: .zero) { _ in nil }
        let view = (health?.visible?.snapshot ?? snapshot).view(of: resource.ranges, strippingPrefix: resource.prefix)
        return .success(
            CaseView(
                keys: view, health: health?.source(nil),
                files: ResourceFiles(of: resource, over: view, in: environment), environment: environment))
    }

    private func render(
        _ file: ResourceFiles.File, _ view: CaseView, _ test: TestCase, _ result: inout CaseResult
    ) -> Result<[UInt8], IsolatedRendering.Failure> {
        let resource = file.resource
        let isolation = Isolation(environment: view.environment, recording: coverage.map { .coverage($0) })
        let rendering = ResourceRenderer(settings).render(
            resource, itemIndex: file.itemIndex, view.keys, view.health, isolation)
        result.warnings += rendering.warnings
        return rendering.content.flatMap { content in
            do throws(OutputFormatError) {
                try resource.outputFormat?.check(content)
                return .success(content)
            } catch {
                return .failure(IsolatedRendering.Failure(error.report(of: resource.destination)))
            }
        }
    }

    // MARK: Judging

    private func judge(
        _ rendered: [Rendered], _ errors: [String], _ test: TestCase, _ result: inout CaseResult
    ) {
        if let wanted = test.error {
            let others = errors.filter { !$0.contains(text: wanted) }
            // Where files are expected too, no other resource may fail.
            if others.count == errors.count { result.problems.append(.noSuchError(wanted, errors: errors)) }
        } else {
            result.problems += errors.map { .error($0) }
        }
        for output in rendered {
            if let file = test.expected[output.path] {
                compare(output.content, file, &result)
            } else if settings.testing.updates, test.error == nil {
                write(output.content, Files.join(test.expectedFolder, String(output.path.dropFirst())), &result)
            } else if output.isItem, !test.expected.isEmpty, test.error == nil {
                // With for_each, every file that is rendered has to be expected.
                let report = ErrorReport(
                    "\(output.path) is not expected", at: Location(test.folder),
                    hint: "confd test -update writes what is rendered")
                result.problems.append(.error(report.text))
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
    private func refuseUnknown(_ test: TestCase, _ destinations: [String], _ result: inout CaseResult) {
        for (path, file) in test.expected.sorted(by: { $0.key < $1.key }) where !destinations.contains(path) {
            let near = Suggestion.nearest(to: path, among: destinations).map { "did you mean \"\($0)\"?" }
            let report = ErrorReport(
                "no resource writes \(path)", at: Location(file), hint: near ?? Self.moved(destinations, test))
            result.problems.append(.error(report.text))
        }
    }

    /// The files that are written and that the test does not name: `dest` of a resource may have changed. nil if there are none.
    private static func moved(_ destinations: [String], _ test: TestCase) -> String? {
        let others = destinations.filter { test.expected[$0] == nil }
        if others.isEmpty { return nil }
        let more = others.count > 3 ? " and \(others.count - 3) more" : ""
        return "has its dest changed? The resources write \(others.prefix(3).joined(separator: ", "))\(more)"
    }
}
