/// The name of a field, with those of key-value pairs recognised.
struct FieldName: Sendable {
    enum Known { case key, value, other }

    let name: ByteString
    let known: Known

    init(_ name: ByteString) {
        self.name = name
        known = name == "Key" ? .key : name == "Value" ? .value : .other
    }
}
