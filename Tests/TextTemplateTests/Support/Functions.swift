import TextTemplate

/// The functions that the tests of the engine use: like confd's of the same names.
enum TestFunctions {
    static let all: [String: Function] = [
        "add": Function([.int, .int]) { arguments throws(FunctionError) in .int(arguments.int(0) &+ arguments.int(1)) },
        "div": Function([.int, .int]) { arguments throws(FunctionError) in
            guard arguments.int(1) != 0 else { throw FunctionError("runtime error: integer divide by zero") }
            return .int(arguments.int(0).dividedReportingOverflow(by: arguments.int(1)).partialValue)
        },
        "list": Function([], variadic: .any) { arguments throws(FunctionError) in
            .slice(Slice(.any, (0..<arguments.count).map { arguments[$0] }))
        },
        "dict": Function([], variadic: .any) { arguments throws(FunctionError) in try dictionary(arguments) },
        "seq": Function([.int, .int]) { arguments throws(FunctionError) in
            guard arguments.int(0) <= arguments.int(1) else { return .slice(Slice(.int, [], isNil: true)) }
            let values = (arguments.int(0)...arguments.int(1)).map { Value.int($0) }
            let capacity = Slice.capacity(afterAppending: values.count, of: .int)
            return .slice(Slice(.int, values, capacity: capacity))
        },
        "split": Function([.string, .string]) { arguments throws(FunctionError) in
            .slice(Slice(.string, split(arguments.string(0).array, by: arguments.string(1).array)))
        },
        "join": Function([.strings, .string]) { arguments throws(FunctionError) in
            var joined: [UInt8] = []
            for (index, part) in arguments.slice(0).array.enumerated() {
                if index > 0 { joined += arguments.string(1).array }
                if case .string(let text) = part { joined += text.array }
            }
            return .string(ByteString(joined))
        },
        "toUpper": Function([.string]) { arguments throws(FunctionError) in
            .string(ByteString(arguments.string(0).text.uppercased()))
        },
        "get": Function([.string]) { arguments throws(FunctionError) in
            switch arguments.string(0) {
            case "/a": .pair(Pair(key: "/a", value: "1"))
            case "/b": .pair(Pair(key: "/b", value: "2"))
            case let key: throw FunctionError("key does not exist: \(key.text)")
            }
        },
        "gets": Function([]) { _ throws(FunctionError) in
            .slice(
                Slice(
                    .pairs, [.pair(Pair(key: "/a", value: "1")), .pair(Pair(key: "/b", value: "2"))]))
        },
    ]

    private static func dictionary(_ arguments: Arguments) throws(FunctionError) -> Value {
        guard arguments.count.isMultiple(of: 2) else { throw FunctionError("invalid map call") }
        var entries: [(key: ByteString, value: Value)] = []
        for index in stride(from: 0, to: arguments.count, by: 2) {
            guard case .string(let key) = arguments[index] else { throw FunctionError("map keys must be strings") }
            entries.append((key, arguments[index + 1]))
        }
        return .map(Map(entries))
    }

    /// Go's `strings.Split`.
    private static func split(_ text: [UInt8], by separator: [UInt8]) -> [Value] {
        if separator.isEmpty {
            return String(decoding: text, as: UTF8.self).unicodeScalars.map { .string(ByteString(String($0))) }
        }
        var parts: [Value] = []
        var start = 0
        var index = 0
        while index + separator.count <= text.count {
            if text[index..<index + separator.count].elementsEqual(separator) {
                parts.append(.string(ByteString(text[start..<index])))
                index += separator.count
                start = index
            } else {
                index += 1
            }
        }
        return parts + [.string(ByteString(text[start...]))]
    }
}

/// The result of a template: its output, or the error of parsing or execution.
enum Outcome: Equatable, CustomStringConvertible {
    case output(String)
    case parseError(String)
    case executeError(String, after: String)

    /// Parses and executes `template`.
    init(_ template: ByteString, options: Template.Options = Template.Options()) {
        var output: [UInt8] = []
        do throws(TemplateError) {
            let template = try Template(template, name: "test.tmpl", functions: TestFunctions.all, options: options)
            try template.render(into: &output)
            self = .output(String(decoding: output, as: UTF8.self))
        } catch {
            self =
                error.phase == .parse
                ? .parseError(error.description.text)
                : .executeError(error.description.text, after: String(decoding: output, as: UTF8.self))
        }
    }

    init(_ template: String) { self.init(ByteString(template)) }

    var description: String {
        switch self {
        case .output(let text): "output \(text.debugDescription)"
        case .parseError(let text): "parse error \(text.debugDescription)"
        case .executeError(let text, let output): "error \(text.debugDescription) after \(output.debugDescription)"
        }
    }
}
