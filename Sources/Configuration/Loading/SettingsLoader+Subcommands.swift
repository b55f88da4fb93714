// Validation and defaults of `render`, `explain` and `test`.
extension SettingsLoader {
    /// Whether what runs can print JSON (`-json`).
    var canPrintJSON: Bool {
        switch settings.subcommand {
        case .status, .explain: true
        case .rollout: settings.rolloutArguments.verb == .status
        case .wait, .register, .release, .clean, .render, .test, nil: false
        }
    }

    /// What gives JSON, or another form for programs, where `-json` does not; nil if nothing does.
    var otherJSON: String? {
        switch settings.subcommand {
        case .test: "confd test -junit FILE writes the results for programs"
        case nil, .register, .render: "-log-format json makes each line of the log an object"
        case .status, .explain, .rollout, .wait, .release, .clean: nil
        }
    }

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
        validateAlone("render")
    }

    mutating func validateExplaining() {
        let explaining = settings.explaining
        if explaining.subject == nil, explaining.showsLast {
            refuse(.lastWithoutResource)
        } else if explaining.subject == nil, explaining.key == nil {
            refuse(explaining.supposedValue == nil ? .explainWithoutSubject : .whatIfWithoutKey)
        } else if explaining.key == nil, explaining.supposedValue != nil {
            refuse(.whatIfWithoutKey)
        }
        if explaining.showsLast {
            if explaining.key != nil { refuse(.exclusiveModes(["-last", "-key"])) }
            if settings.controlSocket == nil { refuse(.needsSocket("explain -last")) }
        }
        validateAlone("explain")
    }

    mutating func validateTesting() {
        validateAlone("test")
        let given = ["file", "node"].compactMap { settings.origins[$0] }
        let flags = given.filter { if case .flag = $0 { true } else { false } }
        if !flags.isEmpty { refuse(.testWithBackend(flags.map(\.name))) }
    }

    /// A sub-command that starts nothing and is no mode of the normal work.
    private mutating func validateAlone(_ name: String) {
        if let command = settings.command.first { refuse(.modeWithCommand(name, command: command)) }
        let modes = [
            (settings.check, "-check"), (settings.validate, "-validate"), (settings.preflight, "-preflight"),
        ].filter(\.0).map(\.1)
        if let mode = modes.first { refuse(.exclusiveModes([name, mode])) }
    }
}
