/// The text of a node as Go prints it in errors: one space between arguments, none within parentheses,
/// a pipe between spaces. It is made of the source's tokens when it is needed.
struct NodeText {
    let source: ByteString
    let delimiters: Problem.Delimiters

    func text(of node: SourceNode) -> ByteString {
        let range = Int(node.start)..<Int(node.end)
        var output: [UInt8] = []
        output.reserveCapacity(range.count + 8)
        source[range].withBytes { bytes in
            delimiters.right.withBytes { right in append(bytes, right, into: &output) }
        }
        return ByteString(output)
    }

    private func append(
        _ bytes: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]
    ) {
        var lexer = Lexer(bytes, left: right, right: right)
        lexer.insideAction = true
        lexer.tracksParentheses = false
        var separator: StaticString?
        while true {
            let token = lexer.next()
            let text = UnsafeBufferPointer(rebasing: bytes[token.range])
            switch token.kind {
            case .error, .endOfFile, .rightDelimiter, .text, .leftDelimiter:
                return
            case .space:
                if separator == nil && !output.isEmpty && output.last != UInt8(ascii: "(") { separator = " " }
                continue
            case .pipe:
                separator = " | "
                continue
            case .declare, .assign:
                separator = token.kind == .declare ? " := " : " = "
                continue
            case .rightParenthesis:
                separator = nil
            case .character:
                // The comma between the variables of a range.
                output.append(contentsOf: text)
                separator = " "
                continue
            default:
                break
            }
            if let separator {
                output.append(
                    contentsOf: UnsafeBufferPointer(start: separator.utf8Start, count: separator.utf8CodeUnitCount))
            }
            separator = nil
            output.append(contentsOf: text)
        }
    }
}

extension NodeText {
    /// A `{{template}}` action as Go prints it.
    func text(of invocation: Invocation, _ nodes: [SourceNode]) -> ByteString {
        let argument: Message = invocation.argument.map { " \(text(of: nodes[Int($0)]))" } ?? ""
        let message: Message =
            "\(delimiters.left)template \(quoted: invocation.name)\(argument)\(delimiters.right)"
        return message.byteString
    }
}
