import TextTemplate

/// An SRV record: Go's `*net.SRV`.
package final class ServiceRecord: Object {
    package let target: ByteString
    package let port: UInt16
    package let priority: UInt16
    package let weight: UInt16

    package init(target: ByteString, port: UInt16, priority: UInt16, weight: UInt16) {
        self.target = target
        self.port = port
        self.priority = priority
        self.weight = weight
    }

    package var typeName: String { "*net.SRV" }

    package var fields: [(name: String, value: Value)] {
        [
            ("Target", .string(target)), ("Port", Self.number(port)), ("Priority", Self.number(priority)),
            ("Weight", Self.number(weight)),
        ]
    }

    package func field(_ name: ByteString) -> Value? {
        switch name {
        case "Target": .string(target)
        case "Port": Self.number(port)
        case "Priority": Self.number(priority)
        case "Weight": Self.number(weight)
        default: nil
        }
    }

    package func method(_ name: ByteString) -> Function? { nil }
    package var description: ByteString? { nil }

    private static func number(_ value: UInt16) -> Value { .integer(.init(.uint16, Int(value))) }

    /// The key that confd sorts the records by.
    var sortKey: ByteString { ByteString(target.array + Array("\(port)\(priority)\(weight)".utf8)) }
}
