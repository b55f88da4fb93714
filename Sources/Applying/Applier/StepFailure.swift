import Appliers
import Configuration
import Posix
import Rendering
import Staging

/// Why a resource could not be rendered, applied or reloaded; `StepFailure+Wording.swift` has the words.
enum StepFailure: Error, Equatable {
    // Rendering
    case missingTemplate(SystemError)
    case template(Diagnosis)
    /// `-strict`: `<no value>` is written, by the template of this path.
    case absentValue(AbsencePlace, template: String)
    /// A command of the resource, which is a template itself: in the words of the template engine.
    case commandTemplate(reason: String)
    case itemAttribute(field: String, AttributeProblem)

    // What must not be installed
    case format(OutputFormatError, destination: String)
    /// The file is to list servers of a balancer.
    case servers(DesiredServersError, destination: String)
    /// Servers that this balancer cannot have.
    case balancer(ApplierError)
    case check(CommandResult.End, executable: String, FailedCommand, leaves: AfterCheck = .untouched)
    /// The content was refused before, and is not tried again yet.
    case refusedBefore
    /// A check has edited a staged file that cannot be taken over.
    case stagedFileEdited(path: String)

    // Where it is written
    case staging(StagingError)
    /// Another resource, `owner`, writes the same file.
    case destinationTaken(ClaimedDestination, owner: String)
    /// An item's file is one that its resource is made from.
    case writesInput(ResourceError)
    case notStaged(SystemError, destination: String)
    /// The destination is a stream, and the resource has something that needs a file.
    case noFile(destination: String, needed: FeatureOfFiles)
    /// The turn of this host in a rollout failed, and there was no file before.
    case nothingToPutBack(destination: String)

    // What is kept in the state directory
    case guardIsBlind
    case namesOfItemsNotKept(SystemError)
    case removalsNotKept(SystemError)

    // Reloads
    /// `isUnchecked`: nothing has judged the file that is in place.
    case reload(ReloadError, field: String, FailedCommand?, isUnchecked: Bool = false)
    /// The service does not take the file from before either.
    case reloadOfPrevious(ReloadError, field: String, FailedCommand?)
    case apply(ApplierError)

    /// What only a file can have.
    enum FeatureOfFiles: Equatable {
        case rollout, apply
    }

    /// Where in a template it is. Lines and columns are counted from 1, columns in bytes.
    struct Place: Equatable {
        let file: String
        let line: Int
        let column: Int
    }

    /// What is wrong with a template, without values of keys.
    struct Diagnosis: Equatable {
        let place: Place
        /// In Go's words.
        let reason: String
        let hint: String?
        /// The line at the place, and a caret below the column.
        let excerpt: String
        /// The key that was asked for and is missing, where that is the cause.
        let key: String?
    }

    /// A command: the field of the resource that names it, and what the shell was given.
    struct FailedCommand: Equatable {
        let field: String
        let text: String
        /// Whether it wrote nothing that would say why.
        var isSilent = false
    }

    /// What a check that has refused a file leaves in its place.
    enum AfterCheck: Equatable {
        /// What was there: the new file had not been put in place, or somebody else has replaced it meanwhile.
        case untouched
        case previousFile
        /// There was none before.
        case nothing
        /// The new file, which could not be taken out again.
        case newFile
    }

    /// Why mode, owner or group of an item cannot be determined. The text, which may come from a value, is not part of it.
    enum AttributeProblem: Equatable {
        /// In the words of the template engine.
        case template(reason: String)
        case notPermissionBits
        case system(SystemError)
        case noSuchAccount
    }

    /// What a resource wanted to write, and the file that its path leads to.
    struct ClaimedDestination: Equatable {
        let resource: String
        let path: String
        let target: String
    }
}

extension StepFailure {
    /// The state of the resource after this failure.
    var state: Outcome.State {
        switch self {
        case .format, .servers, .balancer: .rejected
        // What says nothing about the content is no rejection: it is tried again.
        case .check(let end, _, _, _): end.isAnswer ? .rejected : .failed
        case .refusedBefore: .refusedBefore
        default: .failed
        }
    }

    var diagnosis: Diagnosis? {
        if case .template(let diagnosis) = self { diagnosis } else { nil }
    }

    /// Where in a template it is, nil if it is elsewhere.
    var place: Place? { diagnosis?.place }

    /// What was run, where that failed.
    var command: FailedCommand? {
        switch self {
        case .check(_, _, let command, _): command
        case .reload(_, _, let command, _), .reloadOfPrevious(_, _, let command): command
        default: nil
        }
    }

    /// Whether a check has written something that may say why.
    var isExplainedInLog: Bool {
        if case .check(_, _, let command, _) = self { !command.isSilent } else { false }
    }

    /// Whether the message names the destination.
    var namesDestination: Bool {
        if case .staging = self { true } else { false }
    }
}
