import Configuration
import Posix
import Staging

extension DiffPrinter {
    /// Standard output, in the style that `settings` ask for.
    package convenience init(_ settings: Settings) {
        self.init(DiffStyle(settings)) { piece in
            // Nobody reads it any more.
            try? StandardStream.output.write(piece)
        }
    }
}

extension DiffStyle {
    /// The style that `settings` ask for, on standard output.
    package init(_ settings: Settings) {
        self.init()
        context = settings.diffContext
        let isTerminal = StandardStream.output.isTerminal
        escapesControls = isTerminal
        switch settings.color {
        case .always: isColoured = true
        case .never: isColoured = false
        // https://no-color.org
        case .auto: isColoured = isTerminal && (Environment.text("NO_COLOR") ?? "").isEmpty
        }
    }
}
