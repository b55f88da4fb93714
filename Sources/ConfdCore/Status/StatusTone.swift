/// How good or bad something is: a colour on terminals, a colour and a sign on the page. Words always say it too.
enum StatusTone: String, CaseIterable, Sendable {
    case good
    case neutral
    /// It will pass, or is not known yet.
    case warning
    case bad

    /// The escape sequence that begins the colour on a terminal, nil for none.
    var terminalColour: String? {
        switch self {
        case .good: "\u{1B}[32m"
        case .neutral: nil
        case .warning: "\u{1B}[33m"
        case .bad: "\u{1B}[31m"
        }
    }

    /// Ends a colour.
    static let terminalReset = "\u{1B}[0m"

    /// All escape sequences that a report may hold.
    static let terminalSequences = allCases.compactMap(\.terminalColour) + [terminalReset]
}

extension ResourceStatus.State {
    var tone: StatusTone {
        switch self {
        case .inSync: .good
        case .pending, .waiting, .reloadOwed: .warning
        case .failed, .held, .halted: .bad
        }
    }
}
