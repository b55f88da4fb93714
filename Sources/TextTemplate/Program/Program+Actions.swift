import Primitives

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
        let next = indices.partitionPoint { self[$0].lowerBound <= offset }
        return next > 0 && self[next - 1].contains(offset) ? self[next - 1] : nil
    }
}
