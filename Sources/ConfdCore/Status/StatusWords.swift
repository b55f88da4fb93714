import Applying
import Posix

/// The wording of times, sizes and results in `confd status` and on the page.
enum StatusWords {
    /// In at most two units: `12ms`, `1.5s`, `42s`, `4m5s`, `3h20m`, `2d4h`.
    static func duration(_ time: Duration) -> String {
        let milliseconds = max(time, .zero).milliseconds()
        let seconds = milliseconds / 1_000
        switch seconds {
        case ..<1: return "\(milliseconds)ms"
        case ..<10:
            let tenths = milliseconds % 1_000 / 100
            return tenths == 0 ? "\(seconds)s" : "\(seconds).\(tenths)s"
        case ..<60: return "\(seconds)s"
        case ..<3_600: return units(seconds, 60, "m", "s")
        case ..<172_800: return units(seconds / 60, 60, "h", "m")
        default: return units(seconds / 3_600, 24, "d", "h")
        }
    }

    private static func units(_ count: Int64, _ size: Int64, _ large: String, _ small: String) -> String {
        "\(count / size)\(large)" + (count % size == 0 ? "" : "\(count % size)\(small)")
    }

    /// `3m5s ago`, or `now` for the last second; a clock that was set back gives `now`.
    static func ago(_ time: WallTime, at now: WallTime) -> String {
        let seconds = now.seconds - time.seconds
        return seconds < 1 ? "now" : "\(duration(.seconds(seconds))) ago"
    }

    /// `1 key`, `1,234 keys`.
    static func count(_ count: Int, _ one: String, _ many: String) -> String {
        "\(grouped(count)) \(count == 1 ? one : many)"
    }

    /// With a comma after every three digits, for readers; never for programs.
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// `512 B`, `1.5 KiB`, `20 MiB`.
    static func bytes(_ count: Int) -> String {
        if count < 1_024 { return "\(count) B" }
        var (size, unit) = (count, 0)
        let names = ["B", "KiB", "MiB", "GiB", "TiB"]
        var rest = 0
        while size >= 1_024, unit < names.count - 1 {
            rest = size % 1_024
            size /= 1_024
            unit += 1
        }
        let tenths = rest * 10 / 1_024
        return (size < 10 && tenths > 0 ? "\(size).\(tenths)" : "\(size)") + " \(names[unit])"
    }

    /// `exit status 0 in 12ms`.
    static func reload(_ run: ReloadRun) -> String { "\(run.result) in \(duration(run.duration))" }

    /// The state, and what comes next: `failed, again in 12s`, `held, applied in 9m59s`.
    static func state(_ resource: ResourceStatus) -> String {
        let word = resource.state.rawValue
        guard let next = resource.nextTry else { return word }
        let time = duration(next)
        return switch resource.state {
        case .failed: "\(word), again in \(time)"
        case .held: "\(word), applied in \(time)"
        case .reloadOwed, .pending: "\(word), in \(time)"
        case .inSync, .waiting, .halted: word
        }
    }

    static func backend(_ source: DaemonStatus.BackendState) -> String {
        if source.contact.isConnected { return "connected" }
        return source.contact.isStale ? "stale" : source.isOptional ? "not connected (optional)" : "not connected"
    }
}

extension DaemonStatus.BackendState {
    var tone: StatusTone { contact.isConnected ? .good : contact.isStale ? .bad : .warning }

    /// Its kind and its endpoints or files: `etcd http://127.0.0.1:2379`.
    var title: String { "\(configuration.kind.name) \(configuration.sources.joined(separator: ", "))" }
}

extension ResourceStatus {
    /// How good or bad its state is: a reload that failed is worse than one that waits.
    var tone: StatusTone { hasFailedReload ? .bad : state.tone }

    /// Whether an operator should look at it.
    var needsAttention: Bool { state.needsAttention || problem != nil }
}

extension ServerStatus {
    var tone: StatusTone { status == "up" ? .good : status == "down" ? .bad : .warning }
}

extension ServiceStatus {
    /// `registered`, `not registered yet`, or `down`.
    var state: String { isRegistered ? "registered" : isUp ? "not registered yet" : "down" }

    var tone: StatusTone { isRegistered && problem == nil ? .good : isUp ? .warning : .bad }
}

extension BalancerStatus {
    /// Whether it has the servers that it is to have, in words.
    var state: String { isEqual ? "as desired" : isLeftToReload ? "left to the reload" : "not as desired" }

    /// Bad is what cannot be changed; the rest is under way.
    var tone: StatusTone { isEqual || isLeftToReload ? .good : obstacle == nil ? .warning : .bad }
}
