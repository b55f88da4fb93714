import Backends
import Diagnostics
import Posix
import TOML

/// Why the settings cannot be used (exit code 2), or what in them is probably a mistake.
package struct SettingsError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        // The command line

        /// Nothing follows `--`.
        case noCommand
        case flagSyntax(String)
        case unknownFlag(String, Advice?)
        case flagWithoutValue(String)
        case unexpectedArgument(String, Advice?)

        // confd.toml

        case unreadable(SystemError)
        case notTOML(TOMLError)
        case unknownKey(String, Advice?)
        case wrongType(ValueType)
        /// The file is a template resource.
        case isResource
        /// What is wrong with a `[[backend]]` table, in the words that it has in resource files.
        case backendTable(String, hint: String?)

        // One option

        case notBoolean(String)
        case notInteger(String)
        case notDuration(String)
        case notAmong([String], String)
        case notHostPort(String)
        case notAddressRange(String)
        case unknownBackend(UnknownBackend)
        case diffWithoutNoop
        case mockDataWithoutValidate
        case resourceWithoutValidate
        /// `-json` where there is none; what gives JSON there, nil if nothing does.
        case jsonWithoutStatus(instead: String?)
        /// A sub-command that asks the daemon, with `-control-socket none`.
        case needsSocket(String)
        /// `-revision` of `wait`, which is below 1.
        case notRevision(Int64)
        /// `register` without a key and a value.
        case registerWithoutKey
        /// `rollout` without a group, or with an unknown verb.
        case rolloutWithoutGroup
        case registerOnce
        /// `release` or `clean` without a resource.
        case needsResource(String)
        /// `render` with neither a resource nor `-template`.
        case renderWithoutResource
        /// `explain` with neither a subject nor `-key`.
        case explainWithoutSubject
        case whatIfWithoutKey
        /// `-last` without a resource.
        case lastWithoutResource

        // Several options

        case backend(BackendProblem, of: String)
        /// Options of a backend beside `[[backend]]` tables.
        case optionsBesideTables([String])
        case registerInLayers
        case exclusiveModes([String])
        case modeWithCommand(String, command: String)
        case failFastWithoutOnetime
        /// Flags of backends that are not built, each with its backend.
        case foreignFlags([ForeignFlag], backend: String)
        /// A variable that nothing reads, and the one that was probably meant.
        case unknownVariable(String, meant: String)
        /// `-interval` beside `-onetime`.
        case intervalOfOnePass
        /// The keys of OpenPGP, which confd 0.16 decrypted values with.
        case secretKeyring
        /// `test` with flags of backends.
        case testWithBackend([String])
    }

    /// A flag of a backend that is not built.
    package struct ForeignFlag: Equatable, Sendable {
        package let origin: Origin
        package let backend: String
    }

    package let kind: Kind
    /// The option that it is about and where that was given; nil if it is about several, or about none.
    package let origin: Origin?
    /// The place in confd.toml, where it is about one.
    package let location: Location?
    /// The line at that place, and a caret below the column.
    package private(set) var excerpt: String?
    /// Whether the line may hold a secret: then neither the line nor its value is shown.
    private(set) var hidesLine = false

    /// An error about the option that was given at `origin`.
    package init(_ kind: Kind, of origin: Origin? = nil) {
        self.kind = kind
        self.origin = origin
        if case .file(let location, _) = origin { self.location = location } else { location = nil }
    }

    /// An error about a place in a file that is no option.
    package init(_ kind: Kind, at location: Location) {
        self.kind = kind
        self.location = location
        origin = nil
    }

    /// The error with the line of `source`, the bytes of confd.toml.
    func showing(_ source: [UInt8]) -> SettingsError {
        var copy = self
        copy.excerpt = location?.tomlPosition.flatMap { TOMLExcerpt.text(of: source, at: $0) }
        copy.hidesLine = location?.tomlPosition.map { TOMLExcerpt.hides(source, at: $0) } ?? false
        return copy
    }

    /// Location, message, excerpt and hint.
    package var report: ErrorReport { ErrorReport(message, at: location, excerpt: excerpt, hint: hint) }

    /// `path:line:column: message`.
    package var summary: String { report.summary }

    /// The summary; the line with a caret and the hint on lines of their own.
    package var text: String { report.text }
}
