import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

extension Resource {
    /// A resource with `fields` in its table, as a resource file gives it. Nothing of it need exist.
    static func test(
        _ name: String = "app.toml", destination: String = "/nowhere/app", fields: String = "reload_cmd = \"reload\"",
        layers: [BackendLayer]? = nil
    ) throws -> Resource {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        let settings = try loader.load(["-backend", "env"])
        // The parser looks whether the template is there.
        let templates = try TemporaryDirectory()
        try templates.write("app.tmpl", "")
        let parser = ResourceParser(
            settings: settings, environment: [:], templateFolder: templates.path,
            defaultLayers: layers ?? settings.layers)
        let text = "[template]\nsrc = \"app.tmpl\"\ndest = \"\(destination)\"\nkeys = [\"/app\"]\n\(fields)\n"
        let result = parser.parse(Array(text.utf8), path: "/nowhere/conf.d/\(name)", name: name)
        return try #require(result.resources.first, "\(result.errors)")
    }
}

extension ResourceTable {
    /// Changes the scheduler of the resource `id`, if there is one.
    func update(_ id: ResourceID, at now: Duration, _ event: (inout Scheduler) -> Void) {
        if let state = self[id] { update(state, at: now, event) }
    }
}
