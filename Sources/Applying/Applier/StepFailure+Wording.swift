import Appliers
import Configuration
import Posix
import Rendering
import Staging

extension StepFailure {
    /// One line, which begins with the place.
    var message: String {
        switch self {
        case .missingTemplate(let error): "Missing template: \(error.message)"
        case .template(let diagnosis):
            "\(diagnosis.place.file):\(diagnosis.place.line):\(diagnosis.place.column): \(diagnosis.reason)"
        case .absentValue(let place, let template): Self.text(of: place, in: template)
        case .commandTemplate(let reason): reason
        case .itemAttribute(let field, let problem): "\(field): \(problem.text)"
        case .format(let error, let destination): error.report(of: destination).summary
        case .servers(let error, let destination): error.report(file: destination).summary
        case .balancer(let error): error.message
        case .check(let end, let executable, _, let leaves):
            "Config check failed: \(end.message(executable))\(leaves.text)"
        case .refusedBefore: "the same content was refused before, not tried again yet"
        case .stagedFileEdited(let path): "its staged file \(path) was edited"
        case .staging(let error): error.message
        case .destinationTaken(let claimed, let owner):
            "\(claimed.resource): dest \(claimed.path) is already written by \(owner)"
        case .writesInput(let error): error.message
        case .notStaged(let error, let destination):
            "cannot stage \(destination) in \(ChangesFile.temporary): \(error.reason)"
        case .noFile(let destination, let feature): "\(feature.text) needs a file, \(destination) is none"
        case .nothingToPutBack(let destination):
            "there is no previous \(destination) to put back: the new one stays"
        case .guardIsBlind: "guard: max_drop needs -state-dir, or it is blind after a restart"
        case .namesOfItemsNotKept(let error): "cannot keep the names of items in -state-dir: \(error.message)"
        case .removalsNotKept(let error): "cannot note in -state-dir what is removed: \(error.message)"
        case .reload(let error, let field, _, let isUnchecked):
            "\(field) failed: \(error.message); it stays owed\(isUnchecked ? ", and the new file is in place" : "")"
        case .reloadOfPrevious(let error, let field, _):
            "\(field) failed on the previous file too: \(error.message)"
        case .apply(let error): "[template.apply] failed: \(error.message); it stays owed"
        }
    }

    /// What to do about it, nil if there is nothing to say.
    var hint: String? {
        switch self {
        case .template(let diagnosis): diagnosis.hint
        case .format(let error, let destination): error.report(of: destination).hint
        case .servers(let error, let destination): error.report(file: destination).hint
        case .balancer(let error), .apply(let error): error.report.hint
        case .check(let end, let executable, let command, _):
            end.hint(executable, field: command.field)
                ?? (command.isSilent && end.isAnswer
                    ? "it wrote nothing that says why: leave out -q and the like, or run it by hand with the file that -keep-stage-file leaves"
                    : nil)
        case .stagedFileEdited: "a check can edit the staged file only where dest is a regular file"
        case .staging(let error): error.hint
        case .destinationTaken(let claimed, _): "both are the file \(claimed.target)"
        case .guardIsBlind: "name a directory with -state-dir in which only the user of confd may write"
        case .reload(let error, _, _, _), .reloadOfPrevious(let error, _, _): error.hint
        case .absentValue: "write default \"…\" before it, or with around it"
        case .missingTemplate, .commandTemplate, .itemAttribute, .refusedBefore, .writesInput,
            .notStaged, .noFile, .nothingToPutBack, .namesOfItemsNotKept, .removalsNotKept:
            nil
        }
    }

    /// What is said of a place that wrote `<no value>`: a warning, or with `-strict` the failure.
    static func text(of place: AbsencePlace, in template: String) -> String {
        let position = "\(place.path?.text ?? template):\(place.line):\(place.column)"
        return "\(position): <no value> is written here, there is nothing: \"\(place.node.text)\""
    }

    /// What to do about such a place.
    static let absenceHint = "write default \"…\" before it, or with around it; -strict makes it an error"
}

extension StepFailure.AfterCheck {
    fileprivate var text: String {
        switch self {
        case .untouched: ""
        case .previousFile: "; the previous file is back"
        case .nothing: "; there was no file before, and the new one was removed"
        case .newFile: "; the new file is still in place"
        }
    }
}

extension StepFailure.FeatureOfFiles {
    fileprivate var text: String {
        switch self {
        case .rollout: "a rollout"
        case .apply: "[template.apply]"
        }
    }
}

extension StepFailure.AttributeProblem {
    fileprivate var text: String {
        switch self {
        case .template(let reason): reason
        case .notPermissionBits: "not octal digits of permission bits"
        case .system(let error): error.reason
        case .noSuchAccount: "this machine has no such account"
        }
    }
}
