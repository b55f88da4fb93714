import Backends

extension ResourceError {
    /// One line, without the location.
    package var message: String {
        (field.map { "\($0): " } ?? "") + Self.text(kind)
    }

    private static func text(_ kind: Kind) -> String {
        switch kind {
        case .noConfdir: "confdir does not exist"
        case .noSuchFile: "there is no such resource file"
        case .isDirectory: "this is a directory, not a resource file"
        case .unreadable(let error), .account(let error): error.message
        case .writableForAll: "is world-writable: any user can choose the commands that confd runs"

        case .notTOML(let error): error.message
        case .noTemplate: "there is no [template] table"
        case .noTableInTemplate: "there is no table in it"
        case .notTable(let type): "\(type.name) is not a table"
        case .unknownKey(let key, let table, _): "unknown key \"\(key)\" in \(table)"
        case .destinationTaken(let destination, let owner): "dest \(destination) is already written by \(owner)"

        case .required: "is required and must not be empty"
        case .wrongType(let type, let wanted, _): "\(type.name) where \(wanted.name) is expected"
        case .variable(let failure): failure.message
        case .notDuration(.text(let text)): "\"\(text)\" is not a time"
        case .notDuration(.number(let number)): "\(number) is not a time"
        case .notMode: "not a file mode"
        case .notIdentifier(let number): "\(number) is not an id"
        case .unknownUser(let name): "this machine has no user \"\(name)\", so the owner is left as it is"
        case .unknownGroup(let name): "this machine has no group \"\(name)\", so the group is left as it is"
        case .writesInput(let file, let destination): "this is \(text(file)): \"\(destination)\""
        case .sourceIsDirectory(let path): "this is a directory: \"\(path)\""
        case .sourceMissing(let path, _): "Missing template: \(path)"
        case .covered(let inner, let outer): "\"\(inner)\" is covered by \"\(outer)\" already"
        case .checkTemplate(let reason), .reloadTemplate(let reason): reason
        case .unknownCheck(let text): "\"\(text)\" is unknown"
        case .unknownSignal(let name, _): "\"\(name)\" is not a signal"
        case .spaceInDelimiter(let text): "\"\(text)\" holds white space"
        case .unknownFormat(let name): "\"\(name)\" is unknown"
        case .xmlFormat: "\"xml\" is not checked by confd"

        case .noBackendName: "the [backend] table must name its backend"
        case .unknownBackend(let backend): backend.message
        case .backend(let problem, let backend): text(problem, backend)
        }
    }

    private static func text(_ problem: BackendProblem, _ backend: String) -> String {
        switch problem {
        case .element(_, _, let error): error.message
        case .missing(let option): "the \(backend) backend needs \(option.need?.subject ?? option.placeholder)"
        case .incomplete(let one, let other): "\(one.tableKey) and \(other.tableKey) go together"
        case .warning(let message, _): message
        }
    }

    private static func text(_ file: InputFile) -> String {
        switch file {
        case .directory: "a directory"
        case .template: "its own src"
        case .resourceFile: "its own resource file"
        }
    }

    private static let fields = "the fields are {{.src}}, the staged file, and {{.dest}}, the target"

    /// How to fix it, nil if there is nothing to say.
    package var hint: String? {
        switch kind {
        case .noConfdir: "name it with -confdir"
        case .noSuchFile(let name), .sourceMissing(_, let name), .unknownSignal(_, let name):
            name.map { Advice.didYouMean($0).text }
        case .writableForAll: "chmod o-w \(file)"

        case .notTOML(let error): error.hint
        case .noTemplate(let missing): Self.hint(missing)
        case .unknownKey(_, _, let advice): advice?.text
        case .destinationTaken: "give each resource a dest of its own"

        case .wrongType(_, _, let remedy): remedy.map(Self.hint)
        case .variable(let failure): failure.hint
        case .notDuration: "write \"30s\", \"1m30s\" or a number of seconds"
        case .notMode: "write octal digits as text, for example \"0644\""
        case .writesInput: "give the path of the file that the program reads"
        case .covered(let inner, _): "a key stands for itself and all that is below it: leave \"\(inner)\" out"
        case .checkTemplate: Self.fields
        case .reloadTemplate: Self.fields + "; write braces that are not confd's as {{\"{{\"}}"
        case .unknownCheck: "write \"staged\" or \"in-place\""
        case .unknownFormat: "write \"json\", \"yaml\" or \"toml\""
        case .xmlFormat: "check_cmd = \"xmllint --noout {{.src}}\""
        case .spaceInDelimiter: "for example \"[[\" and \"]]\""

        case .unknownBackend(let backend): backend.hint
        case .backend(.element(_, _, let error), _): error.hint
        case .backend(.warning(_, let hint), _): hint
        case .isDirectory, .unreadable, .noTableInTemplate, .notTable, .required, .notIdentifier, .account,
            .unknownUser, .unknownGroup, .sourceIsDirectory, .noBackendName, .backend:
            nil
        }
    }

    private static func hint(_ missing: MissingTemplate) -> String {
        switch missing {
        case .misspelled: Advice.didYouMean("template").text
        case .fieldsAtTop: "write [template] above the fields"
        case .settings: "these are settings, which belong in confd.toml"
        case .other: "a resource file begins with [template]"
        }
    }

    private static func hint(_ remedy: Remedy) -> String {
        switch remedy {
        case .array(let key): "write \(key) = [\"...\"]"
        case .withoutQuotes(let flag?): "write \(flag) without quotes"
        case .withoutQuotes(nil): "write it without quotes"
        case .booleanWithoutQuotes: "write true or false, without quotes"
        case .otherField(let name): "a name goes into \"\(name)\""
        case .quotes: "write it in quotes"
        case .withoutBrackets: "write the string without brackets"
        }
    }
}

extension VariableExpansion.Failure {
    var message: String {
        switch self {
        case .notClosed: "\"${\" without \"}\""
        case .badName(let name): "\"\(name)\" is not the name of a variable"
        case .notSet(let name): "variable \(name) is not set"
        case .refused(let name, let message): "\(name): \(message)"
        case .unknownForm(let body): "\"${\(body)}\" is not understood"
        }
    }

    var hint: String? {
        switch self {
        case .notClosed, .badName: "write $${ for a literal ${"
        case .notSet(let name): "write ${\(name):-default} to allow that"
        case .refused: nil
        case .unknownForm: "forms are ${VAR}, ${VAR:-default} and ${VAR:?message}"
        }
    }
}
