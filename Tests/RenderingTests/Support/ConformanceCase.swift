import KeyValue
import TextTemplate

@testable import Rendering

/// A template with its input and what the real Go engine makes of it.
struct ConformanceCase: Sendable {
    /// The result of a template: how far it got, its output and its error.
    struct Outcome: Equatable, Sendable, CustomStringConvertible {
        enum Phase: String { case none, parse, execute, timeout }

        var phase = Phase.none
        var error = ByteString()
        /// What was written, before the error if there was one.
        var output = ByteString()

        var description: String {
            phase == .none
                ? output.quoted.text
                : "\(phase.rawValue) error \(error.quoted.text) after \(output.quoted.text)"
        }
    }

    let name: String
    let template: ByteString
    let snapshot: Snapshot
    let environment: TestEnvironment
    /// Go's answers: the second with its older JSON package, if it differs.
    let accepted: [Outcome]

    /// Reads a case of the format that the oracle's README describes.
    init(_ fields: Map) {
        let template = Self.text(fields, "template") ?? ByteString()
        name = Self.text(fields, "name")?.text ?? "(no name)"
        self.template = template

        var pairs: [(key: [UInt8], value: [UInt8])] = []
        for (key, value) in Self.entries(fields, "keys") { pairs.append((key.array, value.array)) }
        for (key, value) in Self.entries(fields, "keys_base64") {
            pairs.append((key.array, Self.decodeBase64(value).array))
        }
        snapshot = Snapshot(pairs)

        var environment = TestEnvironment()
        environment.variables = Dictionary(uniqueKeysWithValues: Self.entries(fields, "env"))
        environment.templates["test.tmpl"] = template
        for (name, text) in Self.entries(fields, "templates") { environment.templates[name] = text }
        self.environment = environment

        var accepted = [Self.outcome(fields)]
        if case .map(let older) = fields["json_v1"] { accepted.append(Self.outcome(older)) }
        self.accepted = accepted
    }

    private static func outcome(_ fields: Map) -> Outcome {
        guard let phase = text(fields, "phase") else { return Outcome(output: text(fields, "output") ?? ByteString()) }
        return Outcome(
            phase: Outcome.Phase(rawValue: phase.text) ?? .none, error: text(fields, "error") ?? ByteString(),
            output: text(fields, "partial_output") ?? ByteString())
    }

    /// The text of a field, or of the one with `_base64` at its name's end.
    private static func text(_ fields: Map, _ name: String) -> ByteString? {
        if case .string(let text) = fields[ByteString(name)] { return text }
        if case .string(let coded) = fields[ByteString(name + "_base64")] { return decodeBase64(coded) }
        return nil
    }

    private static func entries(_ fields: Map, _ name: String) -> [(ByteString, ByteString)] {
        guard case .map(let map) = fields[ByteString(name)] else { return [] }
        return zip(map.keys, map.values).map { key, value in
            guard case .string(let text) = value else { preconditionFailure("\(name) holds something else than text") }
            return (key, text)
        }
    }

    private static func decodeBase64(_ text: ByteString) -> ByteString {
        do {
            return try CodingFunctions.decodeBase64(text)
        } catch {
            preconditionFailure("not base64: \(text.text)")
        }
    }

    // MARK: - Running

    /// Renders the template with our engine; `.timeout` if it takes longer than `limit` seconds.
    func run(within limit: Double = 60) -> Outcome {
        LargeStack.run(within: limit) { render() } ?? Outcome(phase: .timeout)
    }

    private func render() -> Outcome {
        let compiled: CompiledTemplate
        do {
            compiled = try CompiledTemplate(template, name: "test.tmpl")
        } catch {
            return Outcome(phase: .parse, error: error.description)
        }
        let rendered = Renderer().render(compiled, over: snapshot, in: environment)
        guard let failure = rendered.failure else { return Outcome(output: ByteString(rendered.output)) }
        return Outcome(phase: .execute, error: failure.description, output: ByteString(rendered.output))
    }
}
