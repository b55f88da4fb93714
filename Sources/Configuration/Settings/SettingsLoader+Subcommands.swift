// What `render` and `test` refuse, and what they choose by themselves.
extension SettingsLoader {
    /// `-file` alone says where the keys are, so `-backend file` need not be written.
    mutating func chooseFileBackend() {
        if settings.origins["backend"] == nil, case .flag = settings.origins["file"] { settings.backendName = "file" }
    }

    mutating func validateRendering() {
        switch (settings.rendering.resource, settings.rendering.template) {
        case (nil, nil): refuse(.renderWithoutResource)
        case (_?, _?): refuse(.exclusiveModes(["a resource", "-template"]))
        default: break
        }
        if let command = settings.command.first { refuse(.modeWithCommand("render", command: command)) }
        let modes = [
            (settings.check, "-check"), (settings.validate, "-validate"), (settings.preflight, "-preflight"),
        ].filter(\.0).map(\.1)
        if let mode = modes.first { refuse(.exclusiveModes(["render", mode])) }
    }

    mutating func validateTesting() {
        if let command = settings.command.first { refuse(.modeWithCommand("test", command: command)) }
        let modes = [
            (settings.check, "-check"), (settings.validate, "-validate"), (settings.preflight, "-preflight"),
        ].filter(\.0).map(\.1)
        if let mode = modes.first { refuse(.exclusiveModes(["test", mode])) }
    }
}
