/// One server that a backend is to have.
package struct DesiredServer: Hashable, Sendable {
    /// Its name; no two servers of a rendering have the same.
    package let id: String
    package let address: ServerAddress
    /// `0...65_535`; 1 if the rendering does not say.
    package let weight: Int
    /// Takes no new requests, but is not taken away.
    package let isDrained: Bool
    package let isBackup: Bool
    /// Further words, which mean what the driver's server says they do; in the order of their names.
    package let words: [ServerWord]

    package init(
        id: String, address: ServerAddress, weight: Int = 1, isDrained: Bool = false, isBackup: Bool = false,
        words: [ServerWord] = []
    ) {
        self.id = id
        self.address = address
        self.weight = weight
        self.isDrained = isDrained
        self.isBackup = isBackup
        self.words = words.sorted { $0.name < $1.name }
    }

    /// The value of the word `name`, nil if it is not there.
    package func word(_ name: String) -> ServerWord.Value? { words.first { $0.name == name }?.value }

    /// Whether its words say that its health is checked.
    var wantsChecks: Bool { word("check") == .flag(true) || word("agent-check") == .flag(true) }
}

/// A further property of a server, such as `"check": true` or `"inter": "2s"`.
package struct ServerWord: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case flag(Bool)
        /// As it is written.
        case number(String)
        case text(String)
    }

    package let name: String
    package let value: Value

    package init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}

extension ServerWord.Value {
    /// Without quotes.
    package var text: String {
        switch self {
        case .flag(let isSet): isSet ? "true" : "false"
        case .number(let digits): digits
        case .text(let text): text
        }
    }
}
