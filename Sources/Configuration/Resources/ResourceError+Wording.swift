import Backends
import Checks

extension ResourceError {
    /// One line, without the location.
    package var message: String {
        (field.map { "\($0): " } ?? "") + Self.text(kind)
    }

    /// What is wrong, without field and location.
    static func text(_ kind: Kind) -> String {
        switch kind {
        case .noConfdir: "confdir does not exist"
        case .noFolder: "there is no such directory"
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

        case .required, .requiredChoice: "is required and must not be empty"
        case .wrongType(let type, let wanted, _): "\(type.name) where \(wanted.name) is expected"
        case .variable(let failure): failure.message
        case .notDuration(.text(let text)): "\"\(text)\" is not a time"
        case .notDuration(.number(let number)): "\(number) is not a time"
        case .notMode: "not a file mode"
        case .notIdentifier(let number): "\(number) is not an id"
        case .nameBesideNumber(_, let number): "has no effect beside \(number)"
        case .unknownUser(let name): "this machine has no user \"\(name)\", so the owner is left as it is"
        case .unknownGroup(let name): "this machine has no group \"\(name)\", so the group is left as it is"
        case .writesInput(let file, let destination): "this is \(text(file)): \"\(destination)\""
        case .sourceIsDirectory(let path): "this is a directory: \"\(path)\""
        case .sourceMissing(let path, _): "Missing template: \(path)"
        case .outsideOfMounts(let text): "no backend has \"\(text)\": it is outside of every mount"
        case .oddMode(let mode):
            mode & 0o002 != 0
                ? "with 0\(String(mode, radix: 8)) everybody may write to the file"
                : "with 0\(String(mode, radix: 8)) others have rights, and the owner has none"
        case .covered(let inner, let outer): "\"\(inner)\" is covered by \"\(outer)\" already"
        case .checkTemplate(let reason), .reloadTemplate(let reason), .bodyTemplate(let reason): reason
        case .nearField(let name, _): "{{.\(name)}} is no field of confd, and is passed on as it is"
        case .emptyCommand: "is an empty array"
        case .noProgram: "the first word, which names the program, is empty"
        case .zeroByte: "a word cannot hold a zero byte"
        case .unknownCheck(let text): "\"\(text)\" is unknown"
        case .unknownSignal(let name, _): "\"\(name)\" is not a signal"
        case .spaceInDelimiter(let text): "\"\(text)\" holds white space"
        case .unknownFormat(let name): "\"\(name)\" is unknown"
        case .xmlFormat: "\"xml\" is not checked by confd"

        case .severalReloads(let fields): "\(fields.joined(separator: " and ")) exclude each other"
        case .noReload: "needs signal or http"
        case .onlyWith(let field): "has no effect without \(field)"
        case .notRequestURL(let problem): problem.message
        case .credentialHeader(let name): "credentials do not belong in a resource file: \"\(name)\""
        case .noBody(let method): "\(method) has no body"
        case .sourceIsGone: "the staged file was renamed to dest by then"

        case .notAmong(let text, let choices, _): "\"\(text)\" is none of \(choices.joined(separator: ", "))"
        case .checkOverTLS: "\"https\" is no type"
        case .fieldTemplate(let reason, _): reason

        case .intervalBelowTimeout(let interval, let timeout):
            "\(interval.goText) is shorter than the timeout, \(timeout.goText)"
        case .notPort(let number): "\(number) is not a port"
        case .notCount(let number): "\(number) is not from 1 to 1000"
        case .notCountOrPercent: "neither a number from 0 on nor a percentage"
        case .notAddressRange(let text): "\"\(text)\" is not an address range"
        case .notPattern(let text): "\"\(text)\" is not a pattern of keys"
        case .notStatuses(let error): "\(error.message), at byte \(error.offset + 1)"
        case .badEscape(let error): "\(error.message), at byte \(error.offset + 1)"
        case .needsTLS: "has no effect without tls = true"
        case .mysqlWithoutUser:
            "without a user, the server counts an aborted connection for each probe, and may block this host"
        case .check(let error): error.message
        case .target(let error): error.message

        case .guardWithoutLimit: "sets no limit, so nothing is ever held"
        case .maxWaitBelowDebounce: "is shorter than debounce: each change is applied after max_wait, quiet or not"
        case .notPercent: "not a percentage from 0 to 100"
        case .notKeyCount: "not a number of keys"
        case .notMinKeys: "neither a number of keys nor a table of patterns"
        case .apply(let problem): problem.message
        case .rollout(let problem): problem.message

        case .onlyWithForEach: "has no effect without for_each"
        case .notWithForEach: "cannot be used with for_each"
        case .batchNamesFile: "runs once for all files of a batch, so it cannot name one of them"
        case .stagedBatch: "with for_each, check_cmd judges what is in place"
        case .notRemovalLimit: "neither a number of files nor a percentage"
        case .itemsWithoutFolder: "names no directory"
        case .templateInFolder: "only its last part can hold a template"
        case .itemsAlike: "is the same for different items"
        case .patternOutsideOfKeys: "matches nothing below keys, so there is never an item"
        case .patternWithoutKeys: "the resource has no keys, so there is never an item"

        case .serviceReadsKeys(let reason): reason
        case .notAKey(let text): "\"\(text)\" is not a key"
        case .notMarkable: "on_fall = \"mark\" needs a value that is a JSON object"
        case .serviceKeyTaken(let key, let owner): "the key \(key) is already registered by \(owner)"
        case .cannotRegister(let backend, _): "the \(backend) backend cannot be written to"
        case .cannotRegisterInLayers: "a service is registered in one backend, without mount and optional"
        case .ttlTooShort(let time): "\(time.goText) is shorter than a second"
        case .notCheckURL(let text): "\"\(text)\" is not a check"
        case .checkURL(let error, _): error.message

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

    private static let checkURLs = "for example http://:8080/health, https://, tcp://:5432, tls:// or grpc://"

    /// How to fix it, nil if there is nothing to say.
    package var hint: String? {
        if case .writableForAll = kind { return "chmod o-w \(file)" }
        return Self.hint(kind)
    }

    /// What to do about it, where that does not depend on the file.
    static func hint(_ kind: Kind) -> String? {
        switch kind {
        case .noConfdir: "name it with -confdir"
        case .noFolder: "resource files are in conf.d below -confdir"
        case .nearField(_, let meant): Advice.didYouMean("{{.\(meant)}}").text
        case .unknownUser(let name) where name.utf8.contains(UInt8(ascii: ":")),
            .unknownGroup(let name) where name.utf8.contains(UInt8(ascii: ":")):
            "owner is a user alone; the group goes into \"group\""
        case .unknownUser, .unknownGroup: "with -strict this is an error"
        case .noSuchFile(let name), .sourceMissing(_, let name), .unknownSignal(_, let name):
            name.map { Advice.didYouMean($0).text }
        case .notTOML(let error): error.hint
        case .noTemplate(let missing): hint(missing)
        case .unknownKey(_, _, let advice): advice?.text
        case .destinationTaken: "give each resource a dest of its own"

        case .wrongType(_, _, let remedy): remedy.map { hint($0) }
        case .variable(let failure): failure.hint
        case .notDuration: "write \"30s\", \"1m30s\" or a number of seconds"
        case .notMode: "write octal digits as text, for example \"0644\""
        case .writesInput: "give the path of the file that the program reads"
        case .oddMode: "its digits are octal: mode = \"0640\" lets the owner write and the group read"
        case .covered(let inner, _): "a key stands for itself and all that is below it: leave \"\(inner)\" out"
        case .checkTemplate: fields
        case .reloadTemplate: fields + "; write braces that are not confd's as {{\"{{\"}}"
        case .emptyCommand, .noProgram: "write the program and its arguments, such as [\"nginx\", \"-s\", \"reload\"]"
        case .bodyTemplate, .sourceIsGone: "write {{.dest}}"
        case .severalReloads: "keep one of them"
        case .noReload:
            "write signal = \"HUP\" with pid_file, or http = { url = \"http://127.0.0.1:9090/-/reload\" }"
        case .notRequestURL(let problem): problem.hint
        case .credentialHeader: "write the token into a file, and its path as token_file"
        case .unknownCheck: "write \"staged\" or \"in-place\""
        case .unknownFormat: "write \"json\", \"yaml\" or \"toml\""
        case .xmlFormat: "check_cmd = \"xmllint --noout {{.src}}\""
        case .spaceInDelimiter: "for example \"[[\" and \"]]\""

        case .checkOverTLS: "write type = \"http\" and tls = true"
        case .notAmong(_, _, let near): near.map { Advice.didYouMean($0).text }
        case .fieldTemplate(_, let hint): hint
        case .intervalBelowTimeout: "a probe must be over before the next begins: raise interval or lower timeout"
        case .notCountOrPercent: "write 2, or \"30%\""
        case .notAddressRange: "for example 10.0.0.0/8 or ::1"
        case .notPattern: "for example \"/services/*/servers/*\""
        case .notStatuses: "for example \"200-399,404\""
        case .badEscape: "escapes are \\r, \\n, \\t, \\\\ and \\xNN"
        case .mysqlWithoutUser: "create a user without rights or password, and name it with user"
        case .guardWithoutLimit: "set min_keys, max_drop or max_change"
        case .maxWaitBelowDebounce: "max_wait is the longest that a change waits while others follow it"
        case .notPercent: "write it in quotes: \"50%\""
        case .notKeyCount: "write a number from 0 on"
        case .notMinKeys: "write 2, or { \"/services/*/servers\" = 2 }"
        case .batchNamesFile(let isCheck): isCheck ? "check_each judges the file of each item: {{.src}}" : nil
        case .stagedBatch: "leave check out; check_each judges the staged file of each item"
        case .notRemovalLimit: "write 20, \"50%\", or 0 for no limit"
        case .itemsWithoutFolder: "for example \"/etc/nginx/sites-enabled/{{.name}}.conf\""
        case .templateInFolder: "the directory is the same for all items"
        case .itemsAlike(let endsInLiteral):
            endsInLiteral
                ? "the pattern ends in the same name for all: use all parts, as in {{index .parts 0}}"
                : "it has to hold {{.name}}, or all parts: {{index .parts 0}}, {{index .parts 1}}"
        case .patternOutsideOfKeys(let keys):
            "the keys are \(keys.map { "\"\($0)\"" }.joined(separator: ", ")), with the prefix"
        case .patternWithoutKeys(let directory): "add keys = [\"\(directory)\"] to it"
        case .serviceReadsKeys:
            "functions that read keys, or other templates, are not available in the key and value of a service"
        case .requiredChoice(let choices): "one of \(choices.joined(separator: ", "))"
        case .nameBesideNumber(let name, let number): "leave out \(name) or \(number)"
        case .target(let error) where error.isPortAlone:
            "a port alone is port = \(error.text); with a host it is 127.0.0.1:\(error.text)"
        case .checkURL(_, let meant): meant.map { Advice.didYouMean($0).text } ?? checkURLs
        case .target: "for example 10.0.0.1:8080, [fd00::1]:8080 or unix:/run/app.sock"
        case .apply(let problem): problem.hint
        case .rollout(let problem): problem.hint
        case .notAKey: "a key begins with a slash"
        case .serviceKeyTaken: "put ${HOSTNAME} or {{hostname}} into the key, or remove one of the two"
        case .cannotRegister(_, let isOfCommandLine):
            "services are registered in etcd or etcdv2: "
                + (isOfCommandLine ? "choose one with -backend" : "choose one with -backend, or add a [backend] table")
        case .cannotRegisterInLayers: "put it into a file of its own, with a [backend] table"
        case .notCheckURL: checkURLs
        case .unknownBackend(let backend): backend.hint
        case .backend(.element(_, _, let error), _): error.hint
        case .backend(.warning(_, let hint), _): hint
        case .isDirectory, .unreadable, .noTableInTemplate, .notTable, .required, .notIdentifier, .account,
            .writableForAll, .sourceIsDirectory, .needsTLS, .notPort, .notCount, .check,
            .notMarkable, .onlyWithForEach, .notWithForEach, .ttlTooShort, .noBackendName, .backend, .zeroByte,
            .onlyWith, .noBody, .outsideOfMounts:
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

extension RequestURL.Problem {
    var message: String {
        switch self {
        case .scheme: "begins with neither http://, https:// nor unix:///"
        case .credentials: "user and password do not belong in a URL"
        case .fragment: "\"#\" has no place in a request"
        case .character: "a URL is printable ASCII without spaces and backslashes"
        case .noHost: "there is no host"
        case .noRequestPath: "there is no path of a socket and, after a colon, of a request"
        }
    }

    var hint: String? {
        switch self {
        case .scheme: "for example http://127.0.0.1:9090/-/reload"
        case .credentials: "write the token into a file, and its path as token_file"
        case .noRequestPath: "for example unix:///run/app.sock:/reload"
        case .fragment, .character, .noHost: nil
        }
    }
}
