import Foundation
import TestSupport
import Testing

/// The templates of the project itself pass their tests.
@Suite struct ExampleCasesTests {
    static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// Directories with a `conf.d`, templates and cases; the sample's cases are with the examples.
    @Test(
        "cases of the examples",
        arguments: [
            (".", "examples/tests"), ("examples/ci/confd", nil), ("examples/container", nil),
            ("examples/failover", nil),
            ("examples/flat-prefix", nil), ("examples/haproxy-runtime", nil), ("examples/kubernetes", nil),
            ("examples/moving/confd-0.17", nil),
            ("examples/moving/consul-template", nil), ("examples/moving/fork-0.41", nil),
            ("examples/nginx-upstreams", nil), ("examples/sites", nil),
        ])
    func cases(_ confdir: String, _ folder: String?) async throws {
        let done = try await run(
            ChildCommand(
                executable: Machine.confd,
                arguments: ["test"] + (folder.map { [$0] } ?? []) + ["-strict", "-coverage", "-confdir", confdir],
                environment: Machine.environment, directory: Self.root))
        #expect(done.exitCode == 0, "\(done.testDescription)")
        #expect(!done.standardOutput.contains("never reached"), "\(done.testDescription)")
        #expect(!done.standardOutput.contains("no case renders it"), "\(done.testDescription)")
    }
}
