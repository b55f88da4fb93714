extension Time {
    /// `*time.Location`: a time zone.
    public final class Location: Object {
        /// The rules that hold at some instant.
        public struct Zone: Sendable {
            /// For example `CEST`; empty if there is none.
            public let abbreviation: ByteString
            /// Seconds east of UTC.
            public let offset: Int
            /// Whether it is daylight saving time.
            public let isDST: Bool

            public init(abbreviation: ByteString, offset: Int, isDST: Bool) {
                self.abbreviation = abbreviation
                self.offset = offset
                self.isDST = isDST
            }
        }

        /// Go's `time.UTC`.
        public static let utc = Location("UTC") { _ in Zone(abbreviation: "UTC", offset: 0, isDST: false) }

        /// The result of `String`, for example `UTC`, `Local`, `Europe/Berlin`.
        public let name: ByteString
        private let zone: @Sendable (_ unixSeconds: Int) -> Zone

        /// A location whose `zone` returns the rules at a time, in seconds since 1970 UTC.
        public init(_ name: ByteString, zone: @escaping @Sendable (_ unixSeconds: Int) -> Zone) {
            self.name = name
            self.zone = zone
        }

        func zone(at unixSeconds: Int) -> Zone { zone(unixSeconds) }

        public var typeName: String { "*time.Location" }

        /// The unexported fields, as those of `time.UTC` but for the name.
        public var fields: [(name: String, value: Value)] {
            let none = Value.slice(Slice(.any, [], isNil: true))
            return [
                ("name", .string(name)), ("zone", none), ("tx", none), ("extend", .string("")),
                ("cacheStart", .integer(.init(.int64, 0))), ("cacheEnd", .integer(.init(.int64, 0))),
                ("cacheZone", .nilInterface),
            ]
        }

        public func field(_ name: ByteString) -> Value? { nil }

        private static let methods = MethodTable<Location>([
            .method("String") { location, _ in .string(location.name) }
        ])

        public func method(_ name: ByteString) -> Function? { Location.methods.function(name, of: self) }

        public var description: ByteString? { name }
    }
}
