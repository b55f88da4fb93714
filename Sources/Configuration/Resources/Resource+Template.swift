import Diagnostics
import Posix

extension ResourceParser {
    /// The resource of `confd render -template`: the template at `path` over all keys, for standard output. Throws if there
    /// is no such template.
    func resource(ofTemplate path: String) throws(ResourceError) -> Resource {
        do {
            if try Files.status(path).kind == .folder { throw ResourceError(path, nil, .isDirectory) }
        } catch let error as SystemError {
            throw ResourceError(path, nil, .unreadable(error))
        } catch let error as ResourceError {
            throw error
        } catch {
            preconditionFailure("the two errors above are all that can be thrown")
        }
        let (folder, name) = Files.split(path)
        // The parser takes a path without a slash in front for one below the directory of templates.
        let absolute = Files.join((try? Files.realPath(folder)) ?? folder, name)
        let text = "[template]\nsrc = \(Self.literal(absolute))\ndest = \"/dev/stdout\"\nkeys = [\"/\"]\n"
        let result = parse(Array(text.utf8), path: path, name: name)
        guard let resource = result.resources.first else {
            throw result.errors.first ?? ResourceError(path, nil, .noSuchFile(suggestion: nil))
        }
        return resource
    }

    /// `text` as a string of TOML in which no variable is expanded.
    private static func literal(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "{" where result.hasSuffix("$"): result = result.dropLast() + "$${"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension ResourceLoader {
    /// As `ResourceParser.resource(ofTemplate:)`; a relative path that is not there is one below the directory of templates.
    package func resource(ofTemplate path: String) throws(ResourceError) -> Resource {
        let below = Files.join(confdir, "templates/\(path)")
        let isBelow = !path.hasPrefix("/") && !Files.exists(path) && Files.exists(below)
        return try parser.resource(ofTemplate: isBelow ? below : path)
    }
}
