import Foundation
import Glibc
import TestSupport

/// A line of the table in docs/reliability.md.
struct FaultReport {
    /// Which fault, by its number and name there.
    let fault: String
    /// What was done.
    let injected: String
    var times = 0
    /// Changes, reloads or exit codes that were not as they had to be.
    var lost = 0
    /// What was measured.
    var measured = ""

    init(_ fault: String, _ injected: String) {
        self.fault = fault
        self.injected = injected
    }

    func print() {
        Swift.print("fault| \(fault) | \(injected) | \(times) | \(lost) | \(measured) |")
    }
}

/// Notes each run of a command, with the time and the content of a file then.
struct Recorder {
    private let path: String

    struct Run: Equatable {
        let seconds: Double
        let content: String
    }

    init(_ box: Sandbox, _ name: String) {
        path = "\(box.root)/\(name).record"
    }

    /// A shell command that notes its run and the first line of `file`.
    func command(_ file: String = "{{.dest}}") -> String {
        // One write, so that runs at one time do not mix.
        "echo \"$(date +%s.%N) $(head -n 1 \(file))\" >> \(path)"
    }

    var runs: [Run] {
        let data = FileManager.default.contents(atPath: path) ?? Data()
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return Run(seconds: Double(parts[0]) ?? 0, content: parts.count > 1 ? String(parts[1]) : "")
        }
    }
}

/// What a process holds at the moment, and the processor time that it has used.
struct Usage {
    let residentKiB: Int
    let descriptors: Int
    let threads: Int
    let cpuSeconds: Double

    /// nil if there is no such process.
    init?(of id: pid_t) {
        guard let status = Self.text("/proc/\(id)/status"), let stat = Self.text("/proc/\(id)/stat"),
            let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd")
        else { return nil }
        func field(_ name: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
            return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
        }
        residentKiB = field("VmRSS")
        threads = field("Threads")
        descriptors = names.count
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        let ticks = fields.count > 13 ? (Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0) : 0
        cpuSeconds = ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Waits until the process has at most `more` descriptors and two threads more than these: calls in progress hold some for
    /// a while, whereas leaked ones do not go away.
    func holds(for id: pid_t, descriptors more: Int) async throws -> Bool {
        try await eventually {
            guard let now = Usage(of: id) else { return false }
            return now.descriptors <= descriptors + more && now.threads <= threads + 2
        }
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The processes whose parent is `id`, those that ended and were not collected too.
func children(of id: pid_t) -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { process in
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/stat") else { return false }
        let stat = String(decoding: data, as: UTF8.self)
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        return fields.count > 2 && fields[2] == "\(id)"
    }
}

/// The children of the process `id`, their children and so on.
func descendants(of id: pid_t) -> [pid_t] {
    let children = children(of: id)
    return children + children.flatMap(descendants)
}

/// Whether any process has `text` in its command line.
func isRunning(_ text: String) -> Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.contains { name in
        guard pid_t(name) != nil, let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
            return false
        }
        return String(decoding: data, as: UTF8.self).replacingOccurrences(of: "\0", with: " ").contains(text)
    }
}
