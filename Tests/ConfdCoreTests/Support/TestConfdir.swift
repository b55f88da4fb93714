import Posix
import TestSupport

@testable import Configuration

/// Resources in a directory of the test's own: `conf.d`, `templates`, and `out` with the files that they write.
protocol TestConfdir {
    var directory: TemporaryDirectory { get }
}

extension TestConfdir {
    static func makeDirectory() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for name in ["conf.d", "templates", "out"] { try Files.makeFolder(directory(name), mode: 0o755) }
        return directory
    }

    /// The settings that `arguments` make, without anything of the machine.
    func settings(_ arguments: [String] = []) throws -> Settings {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        return try loader.load(
            ["-backend", "env", "-confdir", directory.path, "-state-dir", "none", "-control-socket", "none"]
                + arguments)
    }

    /// Adds a resource that writes the file `out/NAME`, or `dest`, from the keys below `/app`, or those of `keys`.
    func resource(
        _ name: String, dest: String? = nil, keys: [String] = ["/app"], fields: String = "",
        template: String = #"{{getv "/app/name"}}"#
    ) throws {
        try add(name, "dest = \"\(dest ?? path(name))\"", keys, fields, template)
    }

    /// Adds a resource with a file for each item, `out/NAME.conf` if `dest` is not given.
    func items(
        _ name: String, forEach: String = "/app/*", dest: String = "{{.name}}.conf", keys: [String] = ["/app"],
        fields: String = "prune = true", template: String = #"{{.name}}={{.value}}"#
    ) throws {
        try add(name, "for_each = \"\(forEach)\"\ndest = '\(path(dest))'", keys, fields, template)
    }

    private func add(_ name: String, _ files: String, _ keys: [String], _ fields: String, _ template: String) throws {
        try self.template(name, template)
        let list = keys.map { "\"\($0)\"" }.joined(separator: ", ")
        try resourceFile(name, "[template]\nsrc = \"\(name).tmpl\"\n\(files)\nkeys = [\(list)]\n\(fields)\n")
    }

    /// Writes the template `NAME.tmpl`.
    func template(_ name: String, _ text: String) throws { try directory.write("templates/\(name).tmpl", text) }

    /// Writes the resource file `NAME.toml`.
    func resourceFile(_ name: String, _ text: String) throws { try directory.write("conf.d/\(name).toml", text) }

    /// Removes a resource file.
    func dropResource(_ name: String) throws { try Files.unlink(directory("conf.d/\(name).toml")) }

    /// What somebody else writes.
    func write(_ name: String, _ text: String, mode: UInt16 = 0o644) throws {
        try directory.write("out/\(name)", text, mode: mode)
    }

    /// Where the resource `name` writes.
    func path(_ name: String) -> String { directory("out/\(name)") }

    /// What the resource `name` has written, nil if nothing.
    func output(_ name: String) -> String? { directory.text("out/\(name)") }

    /// The names of what is where resources write, hidden ones too.
    var outputNames: [String] { ((try? Files.list(directory("out"))) ?? []).map(\.name).sorted() }

    /// What the files hold that resources have written, by name.
    var outputs: [String: String] {
        Dictionary(uniqueKeysWithValues: outputNames.map { ($0, output($0) ?? "") })
    }
}

/// The directory alone.
struct Confdir: TestConfdir {
    let directory: TemporaryDirectory

    init() throws { directory = try Self.makeDirectory() }

    init(_ directory: TemporaryDirectory) { self.directory = directory }
}
