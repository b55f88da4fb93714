import Configuration
import Diagnostics
import KeyValue
import Posix
import Rendering
import TextTemplate

/// Literal keys of a template that are outside the keys of its resource: a misspelled one with a default would otherwise stay
/// unnoticed.
enum KeyAdvice {
    /// A warning for each such key in the template of `resource`; none if that cannot be read or parsed, which is reported
    /// elsewhere.
    static func findings(of resource: Resource) -> [Finding] {
        var options = Template.Options()
        options.leftDelimiter = Array(resource.leftDelimiter.utf8)
        options.rightDelimiter = Array(resource.rightDelimiter.utf8)
        guard let bytes = try? Files.read(resource.source, limit: FileLimit.template),
            let template = try? CompiledTemplate(
                ByteString(bytes), name: Files.split(resource.source).name, options: options)
        else { return [] }
        // One is enough if the resource has none.
        let literals = resource.ranges.isEmpty ? Array(template.literalKeys.prefix(1)) : template.literalKeys
        return literals.compactMap { key in
            problem(of: key, resource).map { message, hint in
                let excerpt = bytes.withUnsafeBufferPointer {
                    Excerpt.text(of: $0, line: key.line, column: key.column)
                }
                let location = Location(resource.source, line: key.line, column: key.column)
                return Finding(ErrorReport(message, at: location, excerpt: excerpt, hint: hint), .warning)
            }
        }
    }

    private static func problem(of literal: LiteralKey, _ resource: Resource) -> (message: String, hint: String)? {
        let key = literal.key.array
        let text = literal.key.text
        if key.first != UInt8(ascii: "/") {
            // A store may have keys without a slash, and a resource of all keys sees them.
            if resource.ranges.contains(where: \.isAll) { return nil }
            let otherwise = literal.hasDefault ? ": the default is always taken" : ""
            return ("\"\(text)\" is no key, it begins without a slash\(otherwise)", "did you mean \"/\(text)\"?")
        }
        if resource.ranges.isEmpty {
            let path = literal.kind == .several ? KeyPattern.literalStart(of: key) : key
            let directory = Path.join([path]).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            return (
                "\(resource.name) has no keys, so there is never anything at \"\(text)\"",
                "add keys = [\"\(directory)\"] to it"
            )
        }
        let path = Path.join([resource.prefix, literal.kind == .several ? KeyPattern.literalStart(of: key) : key])
        let isShown = resource.ranges.contains { range in
            literal.kind == .several
                ? range.overlaps(KeyRange(cleaned: path)) : path.withUnsafeBufferPointer(range.contains)
        }
        if isShown { return nil }
        let keys = resource.ranges.map { "\"\(String(decoding: $0.path, as: UTF8.self))\"" }.joined(separator: ", ")
        return (
            "\"\(text)\" is not below keys of \(resource.name), so there is never anything",
            "its keys are \(keys)"
        )
    }
}

extension KeyRange {
    fileprivate var isAll: Bool { path == [UInt8(ascii: "/")] }
}
