extension Parser {
    /// val = string / boolean / array / inline-table / date-time / float / integer
    ///
    /// `depth` is the nesting depth of a table or array that begins here, itself included.
    mutating func value(depth: Int) throws(TOMLError) -> TOMLValue {
        let position = position()
        switch current {
        case Byte.quote?:
            let text = isTripled(Byte.quote) ? try multilineBasicString() : try basicString()
            return TOMLValue(.string(text), at: position)
        case Byte.apostrophe?:
            let text = isTripled(Byte.apostrophe) ? try multilineLiteralString() : try literalString()
            return TOMLValue(.string(text), at: position)
        case Byte.openBracket?:
            try TableTree.check(depth: depth, at: position)
            return TOMLValue(.array(try array(depth: depth)), at: position)
        case Byte.openBrace?:
            try TableTree.check(depth: depth, at: position)
            return TOMLValue(.table(try inlineTable(depth: depth, at: position)), at: position)
        case let byte? where Byte.isWord(byte):
            return TOMLValue(try word(), at: position)
        default:
            throw unexpected(.value)
        }
    }

    /// array = "[" [ val *( "," val ) [ "," ] ] "]", with spaces, newlines and comments between
    private mutating func array(depth: Int) throws(TOMLError) -> [TOMLValue] {
        let openedAt = line
        var values: [TOMLValue] = []
        index += 1
        while true {
            try skipSpaceAndLines()
            if current == Byte.closeBracket { break }
            values.append(try value(depth: depth + 1))
            try skipSpaceAndLines()
            if current == Byte.comma {
                index += 1
            } else if current != Byte.closeBracket {
                throw unexpected(.arraySeparator(openedAtLine: openedAt))
            }
        }
        index += 1
        return values
    }

    /// inline-table = "{" ws [ keyval *( ws "," ws keyval ) ] ws "}"
    private mutating func inlineTable(depth: Int, at position: TOMLPosition) throws(TOMLError) -> TOMLTable {
        let table = tree.openInline(depth: depth, at: position)
        index += 1
        try skipInlineSpace()
        if current != Byte.closeBrace {
            while true {
                try keyAndValue(in: table)
                try skipInlineSpace()
                if current == Byte.closeBrace { break }
                guard current == Byte.comma else { throw unexpected(.inlineTableSeparator) }
                index += 1
                try skipInlineSpace()
                if current == Byte.closeBrace { throw unexpected(.keyAfterComma) }
            }
        }
        index += 1
        return tree.closeInline(table)
    }

    /// ws, where an inline table must not go on in the next line
    private mutating func skipInlineSpace() throws(TOMLError) {
        skipSpace()
        if let byte = current, byte == Byte.hash || isNewline(byte) { throw error(.newlineInInlineTable) }
    }

    /// boolean / date-time / float / integer: all that is written in one word.
    private mutating func word() throws(TOMLError) -> TOMLValue.Kind {
        let word = word(from: index)
        let text = bytes[word]
        if text.elementsEqual("true".utf8) {
            index = word.upperBound
            return .boolean(true)
        }
        if text.elementsEqual("false".utf8) {
            index = word.upperBound
            return .boolean(false)
        }
        if looksLikeDateTime(word) { return try dateTime(word) }
        if looksLikeNumber(word) { return try number(word) }
        let shown = self.text(word)
        if ["true", "false"].contains(shown.lowercased()) { throw error(.booleanCase(shown)) }
        throw error(.unquotedText(shown))
    }
}
