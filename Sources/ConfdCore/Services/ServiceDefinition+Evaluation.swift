import Applying
import Checks
import Configuration
import KeyValue
import Posix
import Registration
import Rendering

/// A service, and what it is to have in the store or why that cannot be told.
struct EvaluatedService: Sendable {
    let definition: ServiceDefinition
    let result: Result<Service, ServiceDefinition.Failure>

    init(_ definition: ServiceDefinition) {
        self.definition = definition
        result = Result { () throws(ServiceDefinition.Failure) in try definition.evaluated() }
    }
}

extension ServiceDefinition {
    /// Why key or value cannot be evaluated now.
    struct Failure: Error {
        let message: String
    }

    /// The service with key and value as they are to be in the store now. Their functions may wait for a resolver.
    func evaluated() throws(Failure) -> Service {
        let environment = ServiceEnvironment(backend)
        let key = try text(self.key, "key", environment)
        guard key.first == UInt8(ascii: "/") else {
            throw Failure(message: "key: \"\(String(decoding: key, as: UTF8.self))\" is not a key")
        }
        let value = try text(self.value, "value", environment)
        var downValue: [UInt8]?
        if onFall == .mark {
            do throws(DownMark.Failure) {
                downValue = try DownMark.set(in: value)
            } catch {
                throw Failure(message: "value: \(error.message)")
            }
        }
        return Service(
            key: backend.kind.path(of: key), value: value, downValue: downValue, ttl: ttl, drain: drain,
            onConflict: onConflict == .wait ? .wait : .fail, onStop: onStop == .keep ? .keep : .delete)
    }

    private func text(
        _ template: FieldTemplate, _ field: String, _ environment: ServiceEnvironment
    ) throws(Failure) -> [UInt8] {
        let rendered = template.render(
            over: nil, snapshot: Snapshot([]), in: environment, limits: TemplateLimits.fromNow())
        if rendered.failure != nil { throw Failure(message: "\(field): \(template.reason(of: rendered))") }
        return rendered.output
    }

    /// Whether the verdict on `target` concerns it.
    func uses(_ target: CheckedTarget) -> Bool {
        checks.contains { $0.target == target.target && $0.check == target.check }
    }
}
