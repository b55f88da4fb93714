import KeyValue
import Testing
import TextTemplate

@testable import Rendering

/// Hints beside Go's error messages, and the data that those messages show.
@Suite struct HintTests {
    private static let keys: KeyValuePairs<String, String> = [
        "/app/hosts/web1": "{\"port\": 80}", "/app/hosts/web2": "{\"port\": tru}", "/app/port": "8o80",
        "/app/name": "hunter2", "/app/big": "[1e999]", "/app/empty": "", "/app/json": "\"x\"", "/db/user": "x",
    ]

    /// Parses or renders, and gives the failure.
    private func failure(
        _ template: String, _ environment: TestEnvironment = TestEnvironment()
    ) -> (error: TemplateError, rendered: RenderOutcome?)? {
        let compiled: CompiledTemplate
        do {
            compiled = try CompiledTemplate(ByteString(template), name: "t")
        } catch {
            return (error, nil)
        }
        let snapshot = Snapshot(Self.keys.map { (Array($0.key.utf8), Array($0.value.utf8)) })
        let rendered = Renderer().render(compiled, over: snapshot, in: environment)
        return rendered.failure.map { ($0, rendered) }
    }

    /// As a shell has them, and no quotes at all.
    @Test(arguments: ["{{getv '/app/name'}}", "{{getv '/app}}", "{{getv /app/name}}"])
    func quotes(_ template: String) {
        #expect(failure(template)?.error.hint == "a text stands in double quotes")
    }

    /// Report: Go before 1.14 ignored what follows a parenthesis, and projects live on it.
    @Test(arguments: [
        ("{{(atoi \"1\") mul 2}}", "mul (atoi \"1\") 2"),
        ("{{ if (len (getenv \"EXTRA\")) ne 0 }}x{{ end }}", "ne (len (getenv \"EXTRA\")) 0"),
        ("{{if (getenv \"T\") eq \"-\"}}{{end}}", "eq (getenv \"T\") \"-\""), ("{{1 add 2}}", "add 1 2"),
        ("{{$x := 1}}{{$x add 2}}", "add $x 2"),
        ("{{range gets \"/app/*\"}}{{if .Value eq \"x\"}}{{end}}{{end}}", "eq .Value \"x\""),
        ("{{with dict \"a\" 1}}{{.a eq 1}}{{end}}", "eq .a 1"), ("{{(1) add\n2}}", "add (1) 2"),
    ])
    func functionInTheMiddle(_ template: String, _ meant: String) {
        #expect(failure(template)?.error.hint == "the function comes first: \(meant)")
    }

    /// Report: a user of consul-template was told "did you mean keys?" of `key`, and nothing of most others.
    @Test(arguments: [
        ("{{key \"app/name\"}}", "write getv \"/app/name\""),
        ("{{range tree \"app\"}}{{end}}", "write gets \"/app/*\", level by level"),
        ("{{in \"a\" \"b\"}}", "write has ELEMENT LIST"), ("{{sprig_upper \"a\"}}", "write upper"),
        ("{{sprig_none \"a\"}}", nil),
        ("{{range ls \"/app/hosts\"}}{{.Key}}{{end}}", "this is a text: gets \"/app/*\" gives keys with their values"),
    ])
    func consulTemplate(_ template: String, _ hint: String?) {
        #expect(failure(template)?.error.hint == hint)
        #expect(failure(template) != nil)
    }

    /// Report: signs and quotes of other languages were refused without a word of help.
    @Test(arguments: [
        ("{{getv “/a”}}", "a text stands in plain double quotes: \""),
        ("{{= getv \"/a\"}}", "leave \"=\" out: an action prints what it gives"),
        ("{{if getv \"/a\" = \"b\"}}x{{end}}", "eq compares: eq A B; := and = are for variables, which begin with $"),
        ("{{getv(\"/a\")}}", "arguments follow a function after a space: f A B, not f(A, B)"),
        ("{{getv \"/a\", \"b\"}}", "arguments are separated by spaces"),
        (
            "{{range getvs printf \"/a/%s\" \"x\"}}{{end}}",
            "a call that is an argument stands in parentheses: (printf …)"
        ),
        ("{{if eq getv \"/a\"}}{{end}}", "a call that is an argument stands in parentheses: (getv …)"),
        ("{{getv printf}}", "a call that is an argument stands in parentheses: (printf …)"),
    ])
    func slips(_ template: String, _ hint: String) {
        #expect(failure(template)?.error.hint == hint)
    }

    @Test(arguments: [
        "{{getv}}", "{{ getv }}", "{{if getv}}{{end}}", "{{- range gets -}}{{end}}", "{{getvs \"a\" \"b\"}}",
    ])
    func aCallWithoutArgumentsIsNoArgument(_ template: String) {
        #expect(failure(template)?.error.hint == nil)
    }

    @Test(arguments: ["{{(1) 2}}", "{{1 \"x\"}}", "{{(1) .x}}"])
    func whatIsNoFunctionHasNoHint(_ template: String) {
        #expect(failure(template)?.error.hint == nil)
    }

    /// Functions of Sprig give types that those of confd do not take.
    @Test(arguments: [
        ("{{add (max 1 2) 1}}", "int makes an int of it"),
        ("{{join (uniq (ls \"/app\")) \",\"}}", "toStrings makes a list of strings of it"),
        ("{{join (seq 1 2) \",\"}}", "toStrings makes a list of strings of it"), ("{{first nil}}", "the list is nil"),
        ("{{concat (list 1) nil}}", "a list is nil"),
    ])
    func typesOfSprig(_ template: String, _ hint: String) {
        #expect(failure(template)?.error.hint == hint)
    }

    /// The message of `fail` is shown as the author wrote it, also with a value in it.
    @Test func messagesOfAuthors() {
        let found = failure("{{fail (printf \"user %s\" (getv \"/app/name\"))}}")
        #expect(found?.error.reason.text.hasSuffix("error calling fail: user hunter2") == true)
        #expect(found?.rendered?.quotations.isEmpty == true)
        let required = failure("x\n{{required \"name it\" (getv \"/app/empty\")}}")?.error
        #expect(required?.line == 2 && required?.column == 3)
        #expect(required?.reason.text.hasSuffix("error calling required: name it") == true)
    }

    /// `-validate` with mock data: a missing key, `fail` and `required` are no failures there.
    @Test func trialsFailNot() throws {
        let text: ByteString = "[{{required `r` (getv `/none`)}}{{fail `f`}}{{required `r` .a}}]"
        let template = try CompiledTemplate(text, name: "t")
        let rendered = Renderer().render(
            template, over: Snapshot([]), in: TestEnvironment(), trial: try TrialData(Array("{\"a\": \"x\"}".utf8)))
        #expect(rendered.failure == nil)
        #expect(rendered.output == Array("[x]".utf8))
    }

    /// Keys that a trial has read as empty, each once; a default is no such key.
    @Test func trialsTellWhatIsMissing() throws {
        let template = try CompiledTemplate(
            "{{getv `/a`}}{{getv `/a`}}{{(get `/b`).Value}}{{getv `/c` `d`}}{{getv `/e`}}{{exists `/f`}}", name: "t")
        let rendered = Renderer().render(
            template, over: Snapshot([(Array("/e".utf8), Array("x".utf8))]), in: TestEnvironment(),
            trial: try TrialData(Array("{}".utf8)))
        #expect(rendered.failure == nil && rendered.keysReadAsEmpty == ["/a", "/b"])
    }

    @Test func keysThatStandInATemplate() throws {
        let template = try CompiledTemplate(
            "{{getv `/a`}}\n {{getv `b` `d`}}{{range gets `/c/*`}}{{getv .Key}}{{end}}{{$x := `/d`}}{{getv $x}}{{print `/e`}}{{getv (print `/f`)}}",
            name: "t")
        let found = template.literalKeys.map { "\($0.line):\($0.column) \($0.kind) \($0.key.text) \($0.hasDefault)" }
        #expect(found == ["1:8 value /a false", "2:9 value b true", "2:31 several /c/* false"])
    }

    /// Report: a key that is not there gave no help.
    @Test(
        arguments: [
            ("/app/prot", "did you mean \"/app/port\"?"), ("app/port", "did you mean \"/app/port\"?"),
            ("/app/port/", "did you mean \"/app/port\"?"), ("//app/port", "did you mean \"/app/port\"?"),
            ("/apps/hosts/web", "did you mean \"/app/hosts/web1\"?"), ("/prod/app/port", "did you mean \"/app/port\"?"),
            ("/port", "did you mean \"/app/port\"?"), ("/APP/Port", "did you mean \"/app/port\"?"),
            ("/app/hosts", "it has no value itself, but there are keys below it"),
            ("/app/name/first", "\"/app/name\" is a value: there are no keys below it"),
            ("/something/else/entirely", nil),
            ("", nil),
        ] as [(String, String?)])
    func missingKeys(_ key: String, _ hint: String?) {
        for function in ["getv", "get"] {
            let found = failure("{{\(function) \"\(key)\"}}")
            #expect(found?.error.hint == hint)
            #expect(found?.error.description.text.hasSuffix("key does not exist: \(key)") == true)
        }
    }

    @Test func noKeysAtAll() throws {
        let template = try CompiledTemplate("{{getv `/a`}}", name: "t")
        let rendered = Renderer().render(template, over: Snapshot([]), in: TestEnvironment())
        #expect(rendered.failure?.hint == "the template sees no keys at all")
    }

    /// Report: bad JSON in one of many values did not say in which.
    @Test func aValueThatCannotBeUsedNamesItsKey() {
        let json = failure("{{range gets \"/app/hosts/*\"}}{{(json .Value).port}}{{end}}")
        #expect(json?.error.hint == "it is the value of \"/app/hosts/web2\", byte 13")
        #expect(json?.rendered?.keyAtFault == "/app/hosts/web2")
        #expect(
            failure("{{range getvs \"/app/hosts/*\"}}{{json .}}{{end}}")?.error.hint
                == "it is the value of \"/app/hosts/web2\", byte 13")
        #expect(failure("{{atoi (getv \"/app/port\")}}")?.error.hint == "it is the value of \"/app/port\"")
        #expect(
            failure("{{atoi (trimPrefix (getv \"/app/port\") \"8\")}}")?.error.hint
                == "it is a part of the value of \"/app/port\"")
        #expect(failure("{{atoi (print (getv \"/app/port\") \"x\")}}")?.error.hint == nil)
        #expect(failure("{{json \"{\"}}")?.error.hint == nil)
        // Report: an empty value named no key.
        let empty = failure("{{json (getv \"/app/empty\")}}")
        #expect(empty?.error.hint == "the value of \"/app/empty\" is empty")
        #expect(empty?.rendered?.keyAtFault == "/app/empty")
        #expect(failure("{{range gets \"/app/e*\"}}{{json .Value}}{{end}}")?.error.hint == empty?.error.hint)
        #expect(failure("{{json \"\"}}")?.error.hint == nil)
        var environment = TestEnvironment()
        environment.templates = ["i": "{{parseBool (getv `/app/name`)}}"]
        #expect(
            failure("{{json (getv \"/app/json\")}}")?.error.hint
                == "it is the value of \"/app/json\", byte 2; json takes an object: fromJson takes any value, jsonArray an array"
        )
        #expect(failure("{{include \"i\"}}", environment)?.error.hint == "it is the value of \"/app/name\"")
    }

    @Test(arguments: [
        ("{{add (getv \"/app/port\") 1}}", "atoi makes an int of a string"),
        (
            "{{add (json (getv \"/app/hosts/web1\")).port 1}}",
            "numbers of JSON are float64: printf \"%.0f\" and atoi make an int of one"
        ),
        ("{{toUpper (add 1 2)}}", "print makes a string of it"),
        ("{{if lt (getv \"/app/port\") 90}}{{end}}", "atoi makes an int of a string"),
        (
            "{{eq 80 (json (getv \"/app/hosts/web1\")).port}}",
            "numbers of JSON are float64: compare them with 80.0, not 80"
        ),
        ("{{with get \"/app/port\"}}{{.value}}{{end}}", "did you mean \".Value\"?"),
        ("{{range gets \"/app/*\"}}{{.key}}{{end}}", "did you mean \".Key\"?"),
    ])
    func typesAndFields(_ template: String, _ hint: String) {
        #expect(failure(template)?.error.hint == hint)
    }

    /// Report: an action or a block that is not closed was shown where the file ends. Go's words stay as they are.
    @Test(arguments: [
        ("a\n  {{getv \"/a\"", 2, 3, "the action that begins here is not closed", "template: t:2: unclosed action"),
        (
            "{{getv\n\n", 1, 1, "the action that begins here is not closed",
            "template: t:3: unclosed action started at t:1"
        ),
        (
            "x {{range gets \"/a\"}}\n{{if 1}}{{end}}\n\n", 1, 3, "{{range}} has no {{end}}",
            "template: t:4: unexpected EOF"
        ),
        ("{{if 1}}{{else if 2}}\n{{else}}", 1, 1, "{{if}} has no {{end}}", "template: t:2: unexpected EOF"),
        ("\n{{define \"x\"}}", 2, 1, "{{define}} has no {{end}}", "template: t:2: unexpected EOF"),
        ("{{with 1}}{{end}}\n {{with 2}}\n", 2, 2, "{{with}} has no {{end}}", "template: t:3: unexpected EOF"),
        ("{{block \"x\" 1}}\n", 1, 1, "{{block}} has no {{end}}", "template: t:2: unexpected EOF"),
        (
            "{{add (add 1 2}}", 1, 7, "the parenthesis that begins here is not closed",
            "template: t:1: unclosed left paren"
        ),
        (
            "{{getv \"/a\"\n{{getv \"/b\"}}", 1, 1, "the action that begins here is not closed",
            "template: t:2: unexpected \"{\" in operand"
        ),
    ])
    func unclosed(_ template: String, line: Int, column: Int, hint: String, words: String) {
        let error = failure(template)?.error
        #expect(error?.line == line)
        #expect(error?.column == column)
        #expect(error?.hint == hint)
        #expect(error?.description.text == words)
    }

    /// Attack: words of Go's that show a value. Each can be left out.
    @Test(arguments: [
        ("{{range getv \"/app/name\"}}{{end}}", "hunter2"), ("{{getv \"/app/name\" | call}}", "hunter2"),
        ("{{atoi (getv \"/app/name\")}}", "hunter2"), ("{{parseBool (getv \"/app/name\")}}", "hunter2"),
        ("{{eq (split (getv \"/app/name\") \",\") 1}}", "hunter2"), ("{{jsonArray (getv \"/app/big\")}}", "1e999"),
        ("{{regexMatch (print (getv \"/app/name\") \"(\") \"\"}}", "hunter2"),
        ("{{eq (split (getv \"/app/name\") \",\") (split (getv \"/app/name\") \",\")}}", "hunter2"),
    ])
    func quotedValues(_ template: String, _ value: String) throws {
        let failure = try #require(self.failure(template))
        var text = failure.error.description.text
        #expect(text.contains(text: value) || !template.contains("range"))
        for quotation in failure.rendered?.quotations ?? [] {
            text = text.replacing(text: quotation.phrase.text, with: quotation.masked.text)
        }
        #expect(!text.contains(text: value), "\(text)")
    }

    /// Report: `ls "app/servers"` and `exists "app/name"` found nothing, without a word, where a slash was missing.
    @Test(
        arguments: [
            ("{{range ls \"app/hosts\"}}x{{end}}", "app/hosts"), ("{{range gets \"app/*\"}}x{{end}}", "app"),
            ("{{exists \"app/name\"}}", "app/name"), ("{{exists \"none/name\"}}", nil),
            ("{{range ls \"none\"}}{{end}}", nil),
        ] as [(String, String?)])
    func aMissingSlash(_ template: String, _ path: String?) throws {
        let snapshot = Snapshot(Self.keys.map { (Array($0.key.utf8), Array($0.value.utf8)) })
        let rendered = Renderer().render(
            try CompiledTemplate(ByteString(template), name: "t"), over: snapshot, in: TestEnvironment())
        #expect(rendered.remarks == (path.map { [.withoutSlash(path: ByteString($0))] } ?? []))
    }

    /// Report: `ls` below a value, and a look-up that nobody answered, gave an empty list without a word.
    @Test func emptyListsAreRemarkedUpon() throws {
        let template = try CompiledTemplate(
            """
            {{ls "/app/name"}}{{lsdir "/app/name"}}{{gets "/app/port/*"}}{{getvs "/app/port/a*/b"}}
            {{ls "/app"}}{{ls "/none"}}{{gets "/none/*"}}{{gets "/*"}}{{gets "x"}}
            {{lookupSRV "http" "tcp" "shop"}}{{lookupSRV "" "" "db"}}{{lookupIP "nowhere"}}{{lookupIPV4 "known"}}
            """, name: "t")
        var environment = TestEnvironment()
        environment.hosts = ["known": []]
        let snapshot = Snapshot(Self.keys.map { (Array($0.key.utf8), Array($0.value.utf8)) })
        let rendered = Renderer().render(template, over: snapshot, in: environment)
        #expect(rendered.failure == nil)
        #expect(
            rendered.remarks == [
                .listsValue(key: "/app/name"), .listsValue(key: "/app/port"),
                .lookupFailed(name: "_http._tcp.shop"), .lookupFailed(name: "db"), .lookupFailed(name: "nowhere"),
            ])
    }

    /// Report: `<no value>` in a file went unnoticed.
    @Test func noValueIsNoted() throws {
        var environment = TestEnvironment()
        environment.templates = ["i": "a\n{{.x}}"]
        let template = try CompiledTemplate(
            "{{$m := dict \"a\" 1}}{{$m.a}}\n {{$m.b}}{{$m.b}}{{.}}{{include \"i\" $m}}{{range seq 1 100}}{{$m.c}}{{end}}",
            name: "t")
        let rendered = Renderer().render(template, over: Snapshot([]), in: environment)
        #expect(rendered.failure == nil)
        let places = rendered.absentValues.map { "\($0.path?.text ?? "-"):\($0.line):\($0.column) \($0.node.text)" }
        #expect(Set(places) == ["-:2:6 $m.b", "-:2:14 $m.b", "-:2:20 .", "/templates/i:2:3 .x", "-:2:64 $m.c"])
    }
}
