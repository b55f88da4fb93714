import Configuration
import Posix
import Staging

extension DiffPrinter {
    /// Standard output, in the style that `settings` ask for.
    package convenience init(_ settings: Settings) {
        self.init(DiffStyle(settings)) { piece in
            // If standard output is closed, nobody reads the difference.
            try? StandardStream.output.write(piece)
        }
    }
}

extension DiffStyle {
    /// The style that `settings` ask for, on standard output.
    package init(_ settings: Settings) {
        self.init()
        context = settings.diffContext
        escapesControls = StandardStream.output.isTerminal
        isColoured = settings.coloursOutput
        hidesRemoved = settings.ageIdentity != nil
    }
}

extension Settings {
    /// Whether what is printed on standard output is coloured.
    package var coloursOutput: Bool {
        switch color {
        case .always: true
        case .never: false
        // https://no-color.org
        case .auto: StandardStream.output.isTerminal && (Environment.text("NO_COLOR") ?? "").isEmpty
        }
    }
}
