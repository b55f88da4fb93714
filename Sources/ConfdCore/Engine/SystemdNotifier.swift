import Posix

/// Tells systemd how we are (`Type=notify`, `WatchdogSec=`), if it wants to know. Mirrors `sd_notify(3)`.
struct SystemdNotifier {
    /// How often a sign of life is due, nil if none is wanted.
    let watchdogInterval: Duration?
    private let address: String?

    /// `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` say what is wanted; `interval` replaces the half of the
    /// time that the unit allows.
    init(interval: Duration?, variable: (String) -> String? = Environment.text) {
        address = variable("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        let isForUs = variable("WATCHDOG_PID").map { $0 == String(CurrentProcess.id) } ?? true
        let allowed = variable("WATCHDOG_USEC").flatMap { Int64($0) }.map { Duration.microseconds($0) }
        let wanted = isForUs ? allowed.map { $0 / 2 } : nil
        watchdogInterval = address == nil ? nil : interval ?? wanted
    }

    func ready() { send("READY=1") }

    /// We read everything anew; `ready` tells that it is done.
    func reloading() {
        let (seconds, attoseconds) = Clock.monotonic().components
        send("RELOADING=1\nMONOTONIC_USEC=\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)")
    }

    func stopping() { send("STOPPING=1") }

    func isAlive() { send("WATCHDOG=1") }

    private func send(_ text: String) {
        guard let address else { return }
        // A service manager that does not listen does not matter for the work.
        try? Datagram.send(Array(text.utf8), to: address)
    }
}
