import Backends
import TOML

extension SettingsError {
    /// One line, without the place in a file.
    package var message: String {
        (origin.map { "\($0.name): " } ?? "") + (hidesLine ? Self.textWithoutValue(kind) : Self.text(kind))
    }

    /// The message about a line that may hold a secret.
    private static func textWithoutValue(_ kind: Kind) -> String {
        switch kind {
        case .notTOML: "no value of TOML; strings need quotes"
        case .notBoolean: "neither true nor false"
        default: text(kind)
        }
    }

    private static func text(_ kind: Kind) -> String {
        switch kind {
        case .noCommand: "-- needs a command after it"
        case .flagSyntax(let word): "bad flag syntax: \(word)"
        case .unknownFlag(let name, _): "flag provided but not defined: -\(name)"
        case .flagWithoutValue(let name): "flag needs an argument: -\(name)"
        case .unexpectedArgument(let word, _): "unexpected argument: \"\(word)\""
        case .unreadable(let error): error.message
        case .notTOML(let error): error.message
        case .unknownKey(let key, _): "unknown key \"\(key)\""
        case .wrongType(let type): "\(type.name) where a string, an integer or a boolean is expected"
        case .isResource: "this is a template resource, not a settings file"
        case .backendTable(let message, _): message
        case .notBoolean(let text): "\"\(text)\" is neither true nor false"
        case .notInteger(let text): "\"\(text)\" is not an integer"
        case .notDuration(let text): "\"\(text)\" is not a time"
        case .notAmong(let choices, let text): "\"\(text)\" is none of \(choices.joined(separator: ", "))"
        case .notHostPort(let text): "\"\(text)\" is not HOST:PORT"
        case .notAddressRange(let text): "\"\(text)\" is not an address range"
        case .unknownBackend(let backend): backend.message
        case .backend(let problem, let backend): problem.message(of: backend)
        case .diffWithoutNoop: "needs -check or -noop"
        case .mockDataWithoutValidate: "needs -validate"
        case .resourceWithoutValidate: "needs -validate or -preflight"
        case .jsonWithoutStatus: "needs status, explain or rollout status"
        case .needsSocket(let name): "\(name) needs one"
        case .notRevision(let number): "-revision: \(number) is not a revision"
        case .registerWithoutKey: "register needs a key and a value"
        case .rolloutWithoutGroup: "rollout needs status, halt or resume, and a group"
        case .needsResource(let name): "\(name) needs a resource"
        case .registerOnce: "register stays for as long as the service is up"
        case .renderWithoutResource: "render needs a resource, or -template"
        case .explainWithoutSubject: "explain needs a line, a resource or -key"
        case .whatIfWithoutKey: "-what-if needs -key"
        case .lastWithoutResource: "-last needs a resource"
        case .optionsBesideTables(let names):
            "\(names.joined(separator: ", ")): which of the [[backend]] tables of confd.toml is meant?"
        case .registerInLayers: "a service is registered in one backend, and confd.toml lists several"
        case .exclusiveModes(let modes): "\(modes.joined(separator: " and ")) exclude each other"
        case .modeWithCommand(let mode, _): "\(mode) starts no command"
        case .failFastWithoutOnetime: "-failure-mode fail-fast stops a pass of -onetime"
        case .unknownVariable(let name, _): "\(name) is set in the environment, and means nothing to confd"
        case .intervalOfOnePass: "has no effect with -onetime, which makes one pass"
        case .secretKeyring: "is ignored: values that OpenPGP has encrypted cannot be decrypted any more"
        case .testWithBackend(let names): "test reads no backend: \(names.joined(separator: ", "))"
        case .foreignFlags(let flags, let backend):
            "ignored, because the backend is \(backend): "
                + flags.map { "\($0.origin.text) (\($0.backend))" }.joined(separator: ", ")
        }
    }

    /// How to fix it, nil if there is nothing to say.
    package var hint: String? {
        switch kind {
        case .noCommand: "for example confd -watch -- nginx -g 'daemon off;'"
        case .unknownFlag(_, let advice): advice?.text ?? "confd -help lists all flags"
        case .unexpectedArgument(_, let advice):
            advice?.text ?? "flags start with a dash"
        case .notTOML(let error): error.hint
        case .unknownKey(_, let advice): advice?.text
        case .isResource: "resources stand in conf.d below -confdir, and are found there; -config-file names confd.toml"
        case .backendTable(_, let hint): hint
        case .optionsBesideTables: "write it into that table, or choose one backend with -backend"
        case .foreignFlags(let flags, _): Self.hint(flags)
        case .registerInLayers: "choose one with -backend"
        case .notDuration: "write seconds (10) or a duration (1m30s, 250ms)"
        case .notHostPort: "for example 127.0.0.1:9100, or :9100 for all addresses"
        case .notAddressRange: "for example 10.0.0.0/8 or ::1"
        case .unknownBackend(let backend): backend.hint
        case .backend(let problem, _): problem.hint
        case .diffWithoutNoop: "-check looks once; -noop goes on as a daemon, unless there is -onetime too"
        case .mockDataWithoutValidate: "without it the files would be written"
        case .resourceWithoutValidate: "to see what one resource gives: confd render FILE"
        case .jsonWithoutStatus(let instead): instead ?? "for example confd status -json"
        case .rolloutWithoutGroup: "for example confd rollout status web-proxies"
        case .registerWithoutKey:
            "for example confd register /services/shop/servers/a '{\"host\": \"10.0.0.1\"}' -check http://:8080/health"
        case .needsResource("release"): "for example confd release app.toml; confd status lists what is held"
        case .needsResource(let name): "for example confd \(name) app.toml"
        case .renderWithoutResource:
            "for example confd render nginx.toml, or confd render -template a.tmpl -file keys.yaml"
        case .explainWithoutSubject: "for example confd explain /etc/nginx/nginx.conf:7, or confd explain nginx.toml"
        case .whatIfWithoutKey: "for example confd explain -key /app/workers -what-if 8"
        case .lastWithoutResource: "for example confd explain -last nginx.toml"
        case .unknownVariable(_, let meant): Advice.didYouMean(meant).text
        case .intervalOfOnePass: "leave one of the two out"
        case .secretKeyring: "encrypt them anew with age, and name its identity with -age-identity"
        case .testWithBackend: "the keys of a case are in its keys.yaml or keys.json"
        case .modeWithCommand(_, let command): "leave \"-- \(command)\" out"
        case .failFastWithoutOnetime: "a daemon goes on with the other resources and tries again"
        case .flagSyntax, .flagWithoutValue, .unreadable, .wrongType, .notBoolean, .notInteger, .notAmong,
            .needsSocket, .notRevision, .registerOnce, .exclusiveModes:
            nil
        }
    }

    /// Flags of one backend, which is not said to be the one to read: `-file keys.yaml` alone.
    private static func hint(_ flags: [ForeignFlag]) -> String? {
        guard let name = flags.first?.backend, flags.allSatisfy({ $0.backend == name }),
            BackendRegistry.kind(named: name) != nil
        else { return nil }
        return "write -backend \(name) if keys are to be read from there"
    }
}

extension BackendProblem {
    fileprivate func message(of backend: String) -> String {
        switch self {
        case .element(_, _, let error): error.message
        case .missing(let option): "the \(backend) backend needs -\(option.name)"
        case .incomplete(let one, let other): "-\(one.name) and -\(other.name) go together"
        case .warning(let message, _): message
        }
    }

    fileprivate var hint: String? {
        switch self {
        case .element(_, _, let error): error.hint
        case .missing(let option): option.need.map { "for example -\(option.name) \($0.example)" }
        case .incomplete: nil
        case .warning(_, let hint): hint
        }
    }
}

// MARK: - What both kinds of errors say

extension Advice {
    /// The hint.
    var text: String {
        switch self {
        case .didYouMean(let name): "did you mean \"\(name)\"?"
        case .calledNow(let name): "this is called \(name) now"
        case .flagOnly(let flag): "this is a flag only: \(flag)"
        case .noConfdTable: "settings stand at the top of the file now, without [confd]"
        case .calledHere(let name): "it is called \"\(name)\" here"
        case .calledHereAsArray(let name): "it is called \"\(name)\" here, and is an array"
        case .writeFields(let names): "write \(names.joined(separator: " and "))"
        case .templateTable: "a resource file begins with [template] here"
        case .tableOfTemplate(let table): "it belongs to a template: write \(table)"
        case .commandOnCommandLine: "a command to supervise comes after -- here"
        case .dashesBefore(let word): "a command to run comes after --: confd … -- \(word) …"
        case .noEffect: "it has no effect"
        case .known(let names): "what can be there: \(names.joined(separator: ", "))"
        case .ofBackend(let backend): "it belongs to the \(backend) backend, and is ignored"
        }
    }
}

extension UnknownBackend {
    var message: String {
        "\"\(name)\" \(isUnbuilt ? "is not built into this confd" : "is not a backend")"
    }

    var hint: String {
        suggestion.map { Advice.didYouMean($0).text }
            ?? "backends built: \(BackendRegistry.names.joined(separator: ", "))"
    }
}

extension ValueType {
    /// The type in messages, with its article.
    var name: String {
        switch self {
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a float"
        case .boolean: "a boolean"
        case .time: "a date or time"
        case .array: "an array"
        case .table: "a table"
        case .strings: "an array of strings"
        case .command: "a string or an array of strings"
        case .duration: "a duration"
        }
    }
}

extension TOMLError {
    /// How to fix the document; nil where the message says it.
    var hint: String? {
        switch kind {
        case .leadingZero(let digits): "write a file mode in quotes: \"\(digits)\""
        case .unknownEscape: "in single quotes a backslash stands for itself"
        case .expected(.key, found: .text("{")): "this is TOML, not JSON: write key = value"
        case .expected(.equals, found: .text(":")): "this is TOML, not YAML: write key = value"
        case .expected(.value, found: .endOfFile): "an array or table before it is not closed"
        default: nil
        }
    }
}
