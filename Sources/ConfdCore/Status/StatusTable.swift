import Diagnostics

/// A table of text for terminals. Cells are made printable, and may be coloured.
struct StatusTable {
    /// What stands in one place.
    struct Cell {
        fileprivate let text: String
        fileprivate let tone: StatusTone
        fileprivate let isNumber: Bool

        /// A number stands to the right of its column.
        init(_ text: String, tone: StatusTone = .neutral, isNumber: Bool = false) {
            self.text = PrintableText.line(text)
            self.tone = tone
            self.isNumber = isNumber
        }
    }

    private let isColoured: Bool
    private var rows: [[Cell]]

    init(_ titles: [String], isColoured: Bool) {
        self.isColoured = isColoured
        rows = [titles.map { Cell($0) }]
    }

    mutating func add(_ cells: [Cell]) { rows.append(cells) }

    /// The lines: columns as wide as their longest cell, two spaces apart, nothing behind the last one.
    var lines: [String] {
        let columns = rows[0].indices
        let widths = columns.map { column in rows.map { $0[column].text.count }.max() ?? 0 }
        let numeric = columns.map { column in rows.dropFirst().contains { $0[column].isNumber } }
        return rows.map { row in
            columns.map { column in
                let cell = row[column]
                let space = String(repeating: " ", count: widths[column] - cell.text.count)
                let text = Self.coloured(cell.text, cell.tone, isColoured: isColoured)
                if numeric[column] { return space + text }
                return column == columns.count - 1 ? text : text + space
            }.joined(separator: "  ")
        }
    }

    /// `text` in the colour of `tone`.
    static func coloured(_ text: String, _ tone: StatusTone, isColoured: Bool) -> String {
        guard isColoured, let colour = tone.terminalColour else { return text }
        return colour + text + StatusTone.terminalReset
    }
}
