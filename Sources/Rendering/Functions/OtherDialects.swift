import TextTemplate

/// What to write in place of functions of consul-template that have another name here; docs/migrating.md has the same.
enum OtherDialects {
    private static let instead = [
        "key": #"getv "/app/name""#, "keyOrDefault": #"getv "/app/name" "default""#,
        "keyExists": #"exists "/app/name""#,
        "tree": #"gets "/app/*", level by level"#, "safeLs": #"gets "/app/*""#,
        "safeTree": #"gets "/app/*", level by level"#,
        "service": #"gets "/services/web/*", of servers that register themselves"#,
        "services": #"lsdir "/services""#, "byKey": "gets, level by level", "explode": "lsdir and ls, level by level",
        "env": #"getenv "NAME""#, "mustEnv": #"required "NAME is not set" (getenv "NAME")"#,
        "envOrDefault": #"getenv "NAME" "default""#,
        "secret": "getv with the path of the secret and its field, of the backend vault",
        "secrets": "ls with the path of the secrets, of the backend vault",
        "file": #"include "FILE", for files below templates"#, "executeTemplate": #"template "NAME" ."#,
        "parseJSON": "json TEXT for an object, jsonArray TEXT for a list", "parseYAML": "fromYaml TEXT",
        "parseInt": "atoi TEXT", "parseUint": "atoi TEXT", "parseFloat": "float64 TEXT",
        "subtract": "sub: sub 5 2 is 3", "divide": "div: div 10 2 is 5", "multiply": "mul A B", "modulo": "mod A B",
        "minimum": "min A B", "maximum": "max A B", "replaceAll": #"replace TEXT "old" "new" -1"#,
        "trimSpace": "trim TEXT", "in": "has ELEMENT LIST", "loop": "until 3, or seq 1 3",
        "timestamp": #"datetime.UTC.Format "2006-01-02""#, "sha256Hex": "sha256sum TEXT",
        "scratch": "variables: $x := 1, and $x = 2 to change it",
    ]

    /// The hint for an unknown function, where another program that renders such templates has it; nil where none has.
    static func hint(for name: String) -> String? {
        if let other = instead[name] { return "write " + other }
        let sprig = "sprig_"
        guard name.hasPrefix(sprig) else { return nil }
        let rest = String(name.dropFirst(sprig.count))
        return FunctionTable.all[rest] == nil ? nil : "write \(rest)"
    }
}

extension TemplateError {
    /// The same, with a hint for a function of another dialect.
    var withDialectHint: TemplateError {
        guard case .unknownFunction(let name, _) = kind, let hint = OtherDialects.hint(for: name) else { return self }
        return explained(by: hint)
    }
}
