import Appliers
import Posix
import TextTemplate

/// How a service learns that its file was replaced, as the resource says it. Resources with equal ones reload together.
package enum ReloadMethod: Hashable, Sendable {
    /// `reload_cmd`.
    case command(CommandTemplate)
    /// `reload_signal`: a signal for the child of `confd … -- COMMAND`.
    case childSignal(Signal)
    /// `[template.reload]` with `signal`.
    case signal(ProcessSignal)
    /// `[template.reload]` with `http`.
    case request(ServiceRequest)

    /// The field that sets it, as messages call it.
    package var field: String {
        switch self {
        case .command: "reload_cmd"
        case .childSignal: "reload_signal"
        case .signal: "reload.signal"
        case .request: "reload.http"
        }
    }

    /// Whether it is a command, which gets the changes and the previous file in its environment.
    package var isCommand: Bool {
        if case .command = self { true } else { false }
    }

    /// What is to be done once the staged file `source` has replaced `destination`.
    package func action(source: String, destination: String) throws(TemplateError) -> ReloadAction {
        switch self {
        case .command(let command):
            .command(try command.invocation(source: source, destination: destination))
        case .childSignal(let signal): .childSignal(signal)
        case .signal(let signal): .signal(signal)
        case .request(let request):
            .request(request, bodyFile: try request.bodyPath(destination: destination))
        }
    }
}

/// A reload as it is run: equal ones run once for all resources that owe them.
package enum ReloadAction: Hashable, Sendable {
    case command(CommandInvocation)
    case childSignal(Signal)
    case signal(ProcessSignal)
    case request(ServiceRequest, bodyFile: String?)
    /// Makes these the servers of a running balancer (`[template.apply]`): the engine hands them to the session that keeps those.
    case apply([DesiredServer])
}

/// A signal for the process whose id is in a file.
package struct ProcessSignal: Hashable, Sendable {
    package let signal: Signal
    /// Read each time that the signal is sent.
    package let pidFile: String
    /// What the process must be called, as `ps -o comm` shows it; nil for any name.
    package let process: String?
}
