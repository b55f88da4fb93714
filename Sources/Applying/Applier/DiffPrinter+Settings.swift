import Configuration
import Posix
import Staging

extension DiffPrinter {
    /// Standard output, in the style that `settings` ask for.
    package convenience init(_ settings: Settings) {
        var style = DiffStyle()
        style.context = settings.diffContext
        let isTerminal = StandardStream.output.isTerminal
        style.escapesControls = isTerminal
        switch settings.color {
        case .always: style.isColoured = true
        case .never: style.isColoured = false
        // https://no-color.org
        case .auto: style.isColoured = isTerminal && (Environment.text("NO_COLOR") ?? "").isEmpty
        }
        self.init(style) { piece in
            // Nobody reads it any more.
            try? StandardStream.output.write(piece)
        }
    }
}
