import Applying
import Configuration
import Diagnostics
import Posix
import Rendering
import Staging

/// `confd test`: renders templates over the keys of test cases, and compares the results with what is expected.
struct TestCommand {
    /// Why no case was run, or a result not written.
    enum Problem: Error, Equatable {
        case unreadable(String, SystemError)
        case noCases(String)
        case notWritten(String, SystemError)
    }

    let settings: Settings

    /// Runs the cases and prints what came out; returns the exit code. To be called on a thread with a stack of
    /// `ResourceRenderer.stackSize`.
    func run(_ write: ([UInt8]) throws(SystemError) -> Void) throws(Problem) -> Int32 {
        let asksForCoverage = settings.testing.showsCoverage || settings.testing.lcov != nil
        let recorder = asksForCoverage ? CoverageRecorder() : nil
        let runner = CaseRunner(settings: settings, coverage: recorder)
        let results = try cases().map { runner.run($0) }
        let report = TestReport(results: results, style: DiffStyle(settings))
        var text = report.text
        if let path = settings.testing.junit { try save(report.junit, path) }
        if let recorder {
            let templates = results.reduce(into: Set<String>()) { $0.formUnion($1.templates) }
            let coverage = CoverageReport(recorder, templates: templates)
            if let path = settings.testing.lcov { try save(coverage.lcov, path) }
            // The counts of cases stay the last line.
            if settings.testing.showsCoverage { text = Array(PrintableText.text(coverage.text).utf8) + text }
        }
        do {
            try write(text)
        } catch {
            throw .notWritten("standard output", error)
        }
        return report.failedCount == 0 ? ExitCode.done : ExitCode.failed
    }

    /// The directories of the cases, in the order of their names.
    private func cases() throws(Problem) -> [String] {
        let tests = Files.join(settings.confdir, "tests")
        let given = settings.testing.folder ?? tests
        // The name of a case stands for its directory.
        let named = Files.join(tests, given)
        let folder = !Files.exists(given) && Files.exists(named) ? named : given
        if TestCase.isCase(folder) { return [folder] }
        let names: [String]
        do throws(SystemError) {
            names = try Files.list(folder).map(\.name).filter { !$0.hasPrefix(".") }
        } catch {
            throw .unreadable(folder, error)
        }
        // An entry whose status cannot be read is not a case.
        let folders = names.map { Files.join(folder, $0) }.filter { (try? Files.status($0))?.kind == .folder }
        if folders.isEmpty { throw .noCases(folder) }
        return folders
    }

    private func save(_ text: String, _ path: String) throws(Problem) {
        do throws(SystemError) {
            try Files.write(Array(text.utf8), to: path)
        } catch {
            throw .notWritten(path, error)
        }
    }
}

extension TestCommand.Problem {
    var exitCode: Int32 {
        switch self {
        case .unreadable, .noCases: ExitCode.usage
        case .notWritten: ExitCode.failed
        }
    }

    /// The message for standard error, with what to do about it.
    var text: String {
        switch self {
        case .unreadable(let path, let error):
            ErrorReport(
                error.reason, at: Location(path),
                hint: "test cases are directories below it; another place: confd test DIR"
            ).text
        case .noCases(let path):
            ErrorReport(
                "there are no test cases", at: Location(path),
                hint: "a case is a directory below it, with keys.yaml and expected/"
            ).text
        case .notWritten(let path, let error): "cannot write to \(path): \(error.reason)"
        }
    }
}
