extension Program {
    /// Where each action is in the source, its delimiters included.
    var actions: [Range<Int>] {
        source.withBytes { bytes in
            delimiters.left.withBytes { left in
                delimiters.right.withBytes { right in
                    var lexer = Lexer(bytes, left: left, right: right)
                    var actions: [Range<Int>] = []
                    var start = 0
                    while true {
                        let token = lexer.next()
                        switch token.kind {
                        case .leftDelimiter: start = token.start
                        case .rightDelimiter: actions.append(start..<token.end)
                        case .endOfFile, .error: return actions
                        default: break
                        }
                    }
                }
            }
        }
    }
}

extension [Range<Int>] {
    /// The range that `offset` is in; they are in order.
    func enclosing(_ offset: Int) -> Range<Int>? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].lowerBound <= offset { low = middle + 1 } else { high = middle }
        }
        return low > 0 && self[low - 1].contains(offset) ? self[low - 1] : nil
    }
}
