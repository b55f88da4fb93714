import Foundation
import Glibc
import TestSupport

/// A confdir, a folder for what is rendered, and the binary under test; gone when the test is over.
final class Sandbox {
    let root: String
    /// The folder with `conf.d` and `templates`.
    let confdir: String
    /// The folder the resources of `resource(…)` write to.
    let out: String

    fileprivate init() throws {
        root = "\(NSTemporaryDirectory())/confd-test-\(UUID().uuidString.prefix(13))"
            .replacingOccurrences(of: "//", with: "/")
        confdir = root + "/confdir"
        out = root + "/out"
        for folder in [confdir + "/conf.d", confdir + "/templates", out] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        // Tests that drop privileges must get in, whatever the umask.
        for folder in [root, confdir, confdir + "/conf.d", confdir + "/templates", out] { chmod(folder, 0o755) }
    }

    deinit {
        // A folder that cannot be removed does no harm to any other test.
        try? FileManager.default.removeItem(atPath: root)
    }

    // MARK: Files

    /// The absolute form of a path relative to the sandbox.
    func path(_ relative: String) -> String {
        relative.hasPrefix("/") ? relative : "\(root)/\(relative)"
    }

    func write(_ relative: String, _ text: String, mode: mode_t? = nil) throws {
        let target = path(relative)
        let folder = URL(fileURLWithPath: target).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // A daemon must not find a template half-written; a file below `out/` stands for a destination and keeps its inode.
        let options: Data.WritingOptions = relative.hasPrefix("out/") ? [] : .atomic
        try Data(text.utf8).write(to: URL(fileURLWithPath: target), options: options)
        if let mode { chmod(target, mode) }
    }

    /// The content of a file, nil when there is none.
    func read(_ relative: String) -> String? {
        FileManager.default.contents(atPath: path(relative)).map { String(decoding: $0, as: UTF8.self) }
    }

    func bytes(_ relative: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path(relative)).map { [UInt8]($0) }
    }

    /// The names in a folder, hidden ones too, sorted.
    func names(_ relative: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(relative)).sorted()
    }

    /// Type, permissions, owner and inode, of the link itself if it is one.
    func status(_ relative: String) throws -> stat {
        var status = stat()
        guard lstat(path(relative), &status) == 0 else { throw SupportError("cannot stat \(path(relative))") }
        return status
    }

    /// The permission bits, with setuid, setgid and sticky.
    func mode(_ relative: String) throws -> mode_t {
        try status(relative).st_mode & 0o7777
    }

    // MARK: Resources

    /// Adds `conf.d/NAME.toml` and `templates/NAME.tmpl`, with `out/NAME` as dest. `fields` are further TOML lines.
    func resource(_ name: String, keys: [String] = ["/app"], fields: String = "", template: String) throws {
        let list = keys.map { "\"\($0)\"" }.joined(separator: ", ")
        try write(
            "confdir/conf.d/\(name).toml",
            """
            [template]
            src = "\(name).tmpl"
            dest = "\(out)/\(name)"
            keys = [\(list)]
            \(fields)

            """)
        try write("confdir/templates/\(name).tmpl", template)
    }

    /// Adds `conf.d/sites.toml`, which makes a file of `template` for each key that matches `pattern`.
    func sites(
        _ template: String, pattern: String = "/sites/*", name: String = "{{.name}}.conf", folder: String? = nil
    ) throws {
        try write(
            "confdir/conf.d/sites.toml",
            """
            [template]
            for_each = "\(pattern)"
            src = "sites.tmpl"
            dest = "\(folder ?? out)/\(name)"
            keys = ["/sites"]

            """)
        try write("confdir/templates/sites.tmpl", template)
    }

    /// What a resource's file holds.
    func output(_ name: String) -> String? {
        read("out/\(name)")
    }

    /// Copies a program into the sandbox with another process: a child that is started while this process has the copy open
    /// for writing would inherit the descriptor, and running the copy would fail with `ETXTBSY`.
    func install(_ program: String, as name: String) async throws {
        let done = try await run("install", "-m", "755", program, path(name))
        guard done.exitCode == 0 else { throw SupportError("\(done)") }
    }

    /// A shell command that notes that it ran; `runs(of:)` counts them.
    func counting(_ name: String) -> String {
        "echo ran >> \(root)/\(name).count"
    }

    func runs(of name: String) -> Int {
        read("\(name).count")?.split(separator: "\n").count ?? 0
    }

    // MARK: confd

    /// The command line of the binary under test, with this sandbox's confdir and working directory.
    func command(_ arguments: [String], environment: [String: String] = [:], confdir: Bool = true) -> ChildCommand {
        ChildCommand(
            executable: Machine.confd, arguments: arguments + (confdir ? ["-confdir", self.confdir] : []),
            environment: Machine.environment.merging(environment) { $1 }, directory: root)
    }

    /// Runs the binary under test to its end.
    func confd(
        _ arguments: String..., environment: [String: String] = [:], confdir: Bool = true, seconds: Double = 60
    ) async throws -> Finished {
        try await run(command(arguments, environment: environment, confdir: confdir), seconds: seconds)
    }

    /// `confd -onetime -backend env` over `keys`, which are put into the environment as the env backend reads them.
    func render(
        _ arguments: String..., keys: [String: String] = [:], environment: [String: String] = [:]
    ) async throws -> Finished {
        let variables = keyEnvironment(keys).merging(environment) { $1 }
        return try await run(command(["-onetime", "-backend", "env"] + arguments, environment: variables))
    }

    /// The same command with the root file system read-only except for the sandbox, so that an attack that succeeds does no
    /// damage.
    func jailed(_ command: ChildCommand) -> ChildCommand {
        var command = command
        let script = #"mount --bind "$1" "$1" && mount -o remount,bind,ro / && shift && exec "$@""#
        command.arguments = ["-m", "sh", "-c", script, "sh", root, command.executable] + command.arguments
        command.executable = "unshare"
        return command
    }

    /// Starts the binary under test and leaves it running.
    func start(_ arguments: String..., environment: [String: String] = [:]) throws -> Child {
        try Child(command(arguments, environment: environment))
    }
}

/// The environment variables that stand for `keys`: `/app/name` is `APP_NAME`.
func keyEnvironment(_ keys: [String: String]) -> [String: String] {
    Dictionary(
        uniqueKeysWithValues: keys.map { key, value in
            (key.dropFirst().replacingOccurrences(of: "/", with: "_").uppercased(), value)
        })
}

/// Gives `body` a sandbox. Only a few run at a time: hundreds of processes at once would make every timing a matter of luck.
func withSandbox(_ body: (Sandbox) async throws -> Void) async throws {
    await Slots.shared.enter()
    do {
        try await body(Sandbox())
    } catch {
        await Slots.shared.leave()
        throw error
    }
    await Slots.shared.leave()
}

/// A semaphore whose waiters continue in the order of their arrival.
private actor Slots {
    static let shared = Slots(free: 6)
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(free: Int) {
        self.free = free
    }

    func enter() async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
