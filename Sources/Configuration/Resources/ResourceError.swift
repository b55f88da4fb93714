import Backends
import Checks
import Diagnostics
import Posix
import TOML

/// Why a resource file, or one `[template]` of it, cannot be used, or what in it is probably a mistake.
package struct ResourceError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        // Files and directories

        case noConfdir
        /// The confdir has no conf.d.
        case noFolder
        case noSuchFile(suggestion: String?)
        case isDirectory
        case unreadable(SystemError)
        case writableForAll

        // The file as a whole

        case notTOML(TOMLError)
        case noTemplate(MissingTemplate)
        case noTableInTemplate
        case notTable(ValueType)
        case unknownKey(String, table: String, Advice?)
        /// Two resources have the same `dest`.
        case destinationTaken(String, by: String)

        // One field

        case required
        /// A required field that is one of these.
        case requiredChoice([String])
        case wrongType(ValueType, wanted: ValueType, Remedy?)
        case variable(VariableExpansion.Failure)
        case notDuration(GivenDuration)
        case notMode
        case notIdentifier(Int64)
        case account(SystemError)
        /// A name beside a number, which counts: of `owner` beside `uid`.
        case nameBesideNumber(String, number: String)
        /// The machine has no such user or group; the field is ignored.
        case unknownUser(String)
        case unknownGroup(String)
        case writesInput(InputFile, String)
        case sourceIsDirectory(String)
        case sourceMissing(String, suggestion: String?)
        /// A key is below another one of the list.
        case covered(String, by: String)
        /// Permissions that are probably a mistake: everybody may write, or others have rights and the owner has none.
        case oddMode(UInt16)
        /// A key below none of the mounts.
        case outsideOfMounts(String)
        case checkTemplate(reason: String)
        case reloadTemplate(reason: String)
        /// A field of a command that is none of ours, and is nearly one.
        case nearField(String, meant: String)
        /// A command that is an empty array.
        case emptyCommand
        /// The first word of a command is empty.
        case noProgram
        /// A word with a byte 0, which no program can get.
        case zeroByte
        case unknownCheck(String)
        case unknownSignal(String, suggestion: String?)
        case spaceInDelimiter(String)
        case unknownFormat(String)
        case xmlFormat

        // Reloads

        /// Fields that exclude each other.
        case severalReloads([String])
        /// `[template.reload]` says nothing.
        case noReload
        /// A field that means nothing without this one.
        case onlyWith(String)
        case notRequestURL(RequestURL.Problem)
        case credentialHeader(String)
        case noBody(method: String)
        case bodyTemplate(reason: String)
        /// A reload that names the staged file, which was renamed by then.
        case sourceIsGone

        case notAmong(String, [String], suggestion: String?)
        /// A check of type "https".
        case checkOverTLS
        /// A template in a field cannot be parsed.
        case fieldTemplate(reason: String, hint: String?)

        // Health checks

        case intervalBelowTimeout(Duration, timeout: Duration)
        case notPort(Int64)
        /// Not from 1 to 1,000.
        case notCount(Int64)
        case notCountOrPercent
        case notAddressRange(String)
        case notPattern(String)
        case notStatuses(StatusRangesError)
        case badEscape(EscapeError)
        case needsTLS
        case mysqlWithoutUser
        case check(HealthCheckError)
        case target(CheckTargetError)

        // Guards

        case guardWithoutLimit
        /// `max_wait` ends each wait before `debounce` does.
        case maxWaitBelowDebounce
        case notPercent
        /// Negative, more than 1,000,000,000, or no number at all.
        case notKeyCount
        case notMinKeys

        // [template.apply]

        case apply(ApplyProblem)

        // Items of for_each

        /// A field without `for_each`.
        case onlyWithForEach
        case notWithForEach
        /// `check_cmd` or `reload_cmd` of a batch names a file.
        case batchNamesFile(isCheck: Bool)
        case stagedBatch
        case notRemovalLimit
        /// `dest` begins with a template.
        case itemsWithoutFolder
        case templateInFolder
        /// `dest` can be the same for two items.
        case itemsAlike(endsInLiteral: Bool)
        /// The pattern matches nothing below `keys`, which are these.
        case patternOutsideOfKeys([String])
        /// The resource has no keys; the pattern is about those below `directory`.
        case patternWithoutKeys(directory: String)

        // [template.rollout]

        case rollout(RolloutProblem)

        // Services

        /// A key or value calls a function that reads keys or includes templates: the words of the template engine.
        case serviceReadsKeys(reason: String)
        case notAKey(String)
        /// `on_fall = "mark"` with a value that is not a JSON object.
        case notMarkable
        case serviceKeyTaken(String, by: String)
        /// The backend cannot write.
        case cannotRegister(backend: String, isOfCommandLine: Bool = false)
        /// A service beside several backends, or one with a mount.
        case cannotRegisterInLayers
        case ttlTooShort(Duration)
        case notCheckURL(String)
        /// The address in the URL of a check; the URL as it was probably meant, nil if that cannot be told.
        case checkURL(CheckTargetError, meant: String?)

        // [backend]

        case noBackendName
        case unknownBackend(UnknownBackend)
        case backend(BackendProblem, of: String)
    }

    /// What a file without a `[template]` looks like.
    package enum MissingTemplate: Equatable, Sendable {
        /// A table has nearly that name.
        case misspelled
        /// The fields of a template are at the top.
        case fieldsAtTop
        /// All keys are ones of confd.toml.
        case settings
        case other
    }

    /// How to write a value of the wrong type as one of the right type.
    package enum Remedy: Equatable, Sendable {
        case array(String)
        /// A boolean, or an integer, that stands in quotes.
        case withoutQuotes(Bool?)
        case booleanWithoutQuotes
        case otherField(String)
        case quotes
        case withoutBrackets
    }

    /// The value that is given where a duration is expected.
    package enum GivenDuration: Equatable, Sendable {
        case text(String)
        case number(Int64)
    }

    /// A file that a resource must not write.
    package enum InputFile: Equatable, Sendable {
        case directory, template, resourceFile
    }

    package private(set) var kind: Kind
    package let location: Location
    /// The field that it is about, if it is about one.
    package let field: String?
    /// The line at the location with a caret below the place; set by `showing`.
    package private(set) var excerpt: String?

    /// An error about the file as a whole, or a place in it; `field` is the key there.
    package init(_ file: String, _ position: TOMLPosition? = nil, _ kind: Kind, field: String? = nil) {
        self.kind = kind
        self.field = field
        location = Location(file, position)
    }

    package var file: String { location.file }

    /// Location, message, excerpt and hint.
    package var report: ErrorReport { ErrorReport(message, at: location, excerpt: excerpt, hint: hint) }

    /// `path:line:column: message`.
    package var summary: String { report.summary }

    /// The summary; the line with a caret and the hint on lines of their own.
    package var text: String { report.text }

    /// The error with the line of `source`, the bytes of its file.
    func showing(_ source: [UInt8]) -> ResourceError {
        var copy = self
        if excerpt == nil { copy.excerpt = location.tomlPosition.flatMap { TOMLExcerpt.text(of: source, at: $0) } }
        // A password without quotes, for example.
        if case .notTOML(let error) = kind, let position = location.tomlPosition,
            TOMLExcerpt.hides(source, at: position)
        {
            copy.kind = .notTOML(error.withoutValues)
        }
        return copy
    }
}
