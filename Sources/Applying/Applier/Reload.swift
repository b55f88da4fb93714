import Appliers
import Configuration
import Posix

/// A reload that is owed to the service of a resource.
package struct Reload: Sendable {
    package let resource: Resource
    package let action: ReloadAction
    /// The field of the resource that defines it.
    let field: String
    /// What the command sees: `CONFD_SRC`, `CONFD_DEST`, `CONFD_RESOURCE`, `CONFD_REVISION`.
    package let environment: [String: String]
    /// Which keys have changed, for `CONFD_CHANGES`.
    package let changes: KeyChanges
    /// Whether it is one of a rollout, which clears the mark when the turn of this host is over.
    var isOnTrial = false
    /// The number of the replacement that it is for; 0 if it is left over from an earlier one.
    let change: Int
    /// Where it is noted, if it is owed for files that were removed.
    var journal: ItemJournal?
    /// Whether a mark says that it is owed. A balancer is compared without one, too.
    package private(set) var isMarked = true
    /// Run in place of `apply` for what cannot be changed in the running balancer; nil if nothing is.
    package private(set) var fallback: Fallback?

    /// What stands in for a balancer.
    package struct Fallback: Sendable {
        let action: ReloadAction
        let field: String
    }

    /// Whether the file was replaced now: a reload that is left over logs no update.
    package var isNew: Bool { change > 0 }

    /// Whether it is a command, which gets the changes and the previous file in its environment.
    var isCommand: Bool { failedCommand != nil }

    /// The servers that a balancer is to have, nil for any other reload.
    package var servers: [DesiredServer]? {
        guard case .apply(let servers) = action else { return nil }
        return servers
    }

    /// What is logged if it fails; nil if it is no command.
    var failedCommand: StepFailure.FailedCommand? {
        guard case .command(let command) = action else { return nil }
        return StepFailure.FailedCommand(field: field, text: command.text)
    }
}

/// A reload that is to be run now.
package struct DueReload: Sendable {
    let reload: Reload
    let history: History

    /// `history` is that of the resource.
    package init(_ reload: Reload, _ history: History) {
        self.reload = reload
        self.history = history
    }
}

/// How a reload went.
package struct ReloadOutcome: Sendable {
    package enum State: Equatable, Sendable {
        /// The service has the file.
        case done
        /// It failed, and is to be tried again.
        case owed
        /// It failed; the previous file is back, and the service has that.
        case rolledBack
    }

    package var state: State
    /// What is known of the resource from now on.
    package var history: History
    /// The run that it was; nil if there was none.
    package var run: ReloadRun?
}

/// One run of a reload command, or one signal, for `confd status`.
package struct ReloadRun: Equatable, Sendable {
    package let ended: WallTime
    package let duration: Duration
    /// What went wrong, for example `exit status 1`; nil if nothing did.
    package let problem: String?
    /// What is said if nothing did.
    let success: String

    /// One phrase: `exit status 0`, `SIGHUP sent`, or what went wrong.
    package var result: String { problem ?? success }
}

extension ReloadAction {
    /// What is said of one that succeeded.
    var success: String {
        switch self {
        case .command: "exit status 0"
        case .childSignal(let signal): "\(signal.name) sent"
        case .signal(let process): "\(process.signal.name) sent"
        case .request: "the request succeeded"
        case .apply: "as desired"
        }
    }
}

extension DueReload {
    /// The reload that is run because the balancer cannot take the servers, nil if there is none.
    package var fallback: DueReload? {
        guard let fallback = reload.fallback else { return nil }
        return DueReload(
            Reload(
                resource: reload.resource, action: fallback.action, field: fallback.field,
                environment: reload.environment, changes: reload.changes, change: reload.change), history)
    }

    /// The servers that a balancer is to have.
    package var servers: [DesiredServer]? { reload.servers }
}
