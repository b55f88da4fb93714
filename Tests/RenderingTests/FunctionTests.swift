import KeyValue
import RegularExpressions
import Testing
import TextTemplate

@testable import Rendering

/// What functions do with the environment, and where their limits are; the rest is in the corpora.
@Suite struct FunctionTests {
    /// The output of `template`, or the end of its error message.
    private func render(
        _ template: ByteString, _ environment: TestEnvironment = TestEnvironment(), limits: Limits = Limits()
    ) -> String {
        let compiled: CompiledTemplate
        do {
            compiled = try CompiledTemplate(template, name: "t")
        } catch {
            return error.description.text
        }
        let rendered = Renderer().render(compiled, over: Snapshot([]), in: environment, limits: limits)
        guard let failure = rendered.failure else { return String(decoding: rendered.output, as: UTF8.self) }
        return failure.description.text.split(separator: ">: ", maxSplits: 1).last.map(String.init) ?? ""
    }

    @Test func environmentVariables() {
        var environment = TestEnvironment()
        environment.variables = ["SET": "value", "EMPTY": ""]
        #expect(render(#"{{getenv "SET"}},{{getenv "SET" "d"}}"#, environment) == "value,value")
        #expect(render(#"{{getenv "EMPTY"}},{{getenv "EMPTY" "d"}}"#, environment) == ",d")
        #expect(render(#"{{getenv "UNSET"}},{{getenv "UNSET" "d" "e"}}"#, environment) == ",d")
    }

    @Test func hostName() {
        var environment = TestEnvironment()
        #expect(render("{{hostname}}", environment) == "host.test")
        environment.hostNameResult = .failure(.noHostName(reason: "no name"))
        #expect(render("{{hostname}}", environment) == "error calling hostname: no name")
    }

    @Test func hostAddresses() {
        var environment = TestEnvironment()
        environment.hosts = ["a.test": ["10.0.0.9", "fe80::1", "10.0.0.10"]]
        #expect(render(#"{{lookupIP "a.test"}}"#, environment) == "[10.0.0.10 10.0.0.9 fe80::1]")
        #expect(render(#"{{lookupIPV4 "a.test"}}"#, environment) == "[10.0.0.10 10.0.0.9]")
        #expect(render(#"{{lookupIPV6 "a.test"}}"#, environment) == "[fe80::1]")
        #expect(render(#"{{lookupIP "b.test" | toJson}}"#, environment) == "null")
    }

    @Test func serviceRecords() {
        var environment = TestEnvironment()
        environment.records = [
            ServiceRecord(target: "b.test.", port: 80, priority: 1, weight: 2),
            ServiceRecord(target: "a.test.", port: 81, priority: 3, weight: 4),
        ]
        let template: ByteString =
            #"{{range lookupSRV "s" "tcp" "n"}}{{.Target}} {{.Port}} {{.Priority}} {{.Weight}};{{end}}"#
        #expect(render(template, environment) == "a.test. 81 3 4;b.test. 80 1 2;")
        #expect(
            render(#"{{toJson (lookupSRV "s" "tcp" "n")}}"#, environment).hasPrefix(
                #"[{"Target":"a.test.","Port":81,"Priority":3,"Weight":4},"#))
        environment.records = nil
        #expect(render(#"{{printf "%T %v" (lookupSRV "s" "tcp" "n") (lookupSRV "s" "tcp" "n")}}"#) == "[]*net.SRV []")
    }

    @Test func interfaceAddresses() {
        var environment = TestEnvironment()
        environment.interfaces = ["eth0": ["fe80::1", "10.0.0.1", "10.0.0.2"]]
        #expect(
            render(#"{{lookupIfaceIPV4 "eth0"}} {{lookupIfaceIPV6 "eth0"}}"#, environment) == "10.0.0.1 fe80::1")
        #expect(render(#"[{{lookupIfaceIPV4 "eth1"}}]"#, environment) == "[]")
    }

    @Test(
        arguments: [
            (#"{{datetime.AppendFormat nil "2006-01"}}"#, "[50 48 50 51 45 49 49]"),
            (#"{{printf "%s" (datetime.AppendFormat (datetime.MarshalText) " 15h")}}"#, "2023-11-14T22:13:20Z 22h"),
            (
                #"{{printf "%s" (datetime.AppendText datetime.MarshalJSON)}}"#,
                #""2023-11-14T22:13:20Z"2023-11-14T22:13:20Z"#
            ),
            (#"{{eq (printf "%x" (datetime.AppendBinary nil)) (printf "%x" datetime.MarshalBinary)}}"#, "true"),
            (#"{{printf "%#v" (datetime.AppendFormat nil "")}}"#, "[]byte(nil)"),
            (#"{{datetime.AppendFormat "x" "2006"}}"#, #"can't handle "x" for arg of type []uint8"#),
            ("{{datetime.AppendText (split `a` `b`)}}", "wrong type for value; expected []uint8; got []string"),
        ] as [(ByteString, String)])
    func timesBehindBytes(_ template: ByteString, _ expected: String) {
        #expect(render(template).hasSuffix(expected))
    }

    @Test func time() {
        #expect(render("{{datetime.Unix}} {{datetime.Year}}") == "1700000000 2023")
        #expect(render("{{toJson datetime}}") == #""2023-11-14T22:13:20Z""#)
    }

    @Test(
        arguments: [
            (#"{{repeat 1073741825 "x"}}"#, "error calling repeat: the text would be longer than 1073741824 bytes"),
            (
                #"{{repeat 9223372036854775807 "xy"}}"#,
                "error calling repeat: strings: Repeat output length overflow"
            ),
            (#"{{indent 1073741824 "x"}}"#, "error calling indent: the text would be longer than 1073741824 bytes"),
            (
                #"{{nindent 9223372036854775807 "a\nb"}}"#,
                "error calling nindent: the text would be longer than 1073741824 bytes"
            ),
            // Attack: a value of 30 KB made replace take 2.8 GB before it failed.
            (
                #"{{replace (repeat 30000 "a") "a" (repeat 100000 "b") -1}}"#,
                "error calling replace: the text would be longer than 1073741824 bytes"
            ),
            (
                #"{{replace (repeat 30000 "a") "" (repeat 100000 "b") -1}}"#,
                "error calling replace: the text would be longer than 1073741824 bytes"
            ),
            (#"{{len (replace (repeat 30000 "a") "a" (repeat 100000 "b") 2)}}"#, "229998"),
            (
                #"{{join (split (repeat 30000 ",") ",") (repeat 100000 "b")}}"#,
                "error calling join: the text would be longer than 1073741824 bytes"
            ),
            ("{{len (seq 1 26843545)}}", "26843545"),
            ("{{seq 1 26843546}}", "error calling seq: the list would be longer than 26843545 elements"),
            (
                "{{seq -9223372036854775808 9223372036854775807}}",
                "error calling seq: the list would be longer than 26843545 elements"
            ),
        ] as [(ByteString, String)])
    func limits(_ template: ByteString, result: String) {
        #expect(render(template) == result)
    }

    /// Attack: a value that a function turns into one many times as large. The limit in these tests is 3,200 bytes for a text,
    /// and the same for a list's elements.
    @Test(
        arguments: [
            (#"{{quote (repeat 801 "x")}}"#, "error calling quote: the text would be longer than 3200 bytes"),
            (#"{{len (quote (repeat 800 "x"))}}"#, "802"),
            (#"{{squote (repeat 1601 "'")}}"#, "error calling squote: the text would be longer than 3200 bytes"),
            (
                #"{{base64Encode (repeat 2401 "x")}}"#,
                "error calling base64Encode: the text would be longer than 3200 bytes"
            ),
            (#"{{len (base64Encode (repeat 2400 "x"))}}"#, "3200"),
            (
                #"{{$l := repeat 1000 "x"}}{{toJson (list $l $l $l $l)}}"#,
                "error calling toJson: the text would be longer than 3200 bytes"
            ),
            (
                #"{{$l := list 1 2 3 4 5 6 7 8 9}}{{$l = list $l $l $l $l $l $l $l $l}}{{$l = list $l $l $l $l $l $l $l}}                {{toPrettyJson (list $l $l $l)}}"#,
                "error calling toPrettyJson: the text would be longer than 3200 bytes"
            ),
            // Most of the text is the indentation of the closing brackets.
            (
                #"{{$l := list}}{{range seq 1 50}}{{$l = list $l}}{{end}}{{toPrettyJson $l}}"#,
                "error calling toPrettyJson: the text would be longer than 3200 bytes"
            ),
            (
                #"{{$t := repeat 1000 "x"}}{{$u := printf "%s%s%s%s" $t $t $t $t}}"#,
                "output is larger than 3200 bytes"
            ),
            (#"{{$u := printf "%1000d%1000d%1000d%1000d" 1 2 3 4}}"#, "output is larger than 3200 bytes"),
            (#"{{split (repeat 81 "x") ""}}"#, "error calling split: the list would be longer than 80 elements"),
            (#"{{len (split (repeat 80 "x") "")}}"#, "80"),
            (#"{{split (repeat 80 ",") ","}}"#, "error calling split: the list would be longer than 80 elements"),
            (#"{{len (split (repeat 79 ",") ",")}}"#, "80"),
            ("{{seq 1 81}}", "error calling seq: the list would be longer than 80 elements"),
            // Each invalid byte becomes a character of three bytes.
            (
                #"{{nospace (repeat 1067 "\xff")}}"#,
                "error calling nospace: the text would be longer than 3200 bytes"
            ),
            (#"{{len (nospace (repeat 1066 "\xff"))}}"#, "3198"),
            (#"{{toUpper (repeat 1067 "\xff")}}"#, "error calling toUpper: the text would be longer than 3200 bytes"),
            (#"{{toLower (repeat 1500 "Ⱥ")}}"#, "error calling toLower: the text would be longer than 3200 bytes"),
            (
                #"{{snakecase (repeat 1100 "xX")}}"#,
                "error calling snakecase: the text would be longer than 3200 bytes"
            ),
            (#"{{len (kebabcase (repeat 1000 "xX"))}}"#, "3000"),
            (
                #"{{camelcase (repeat 1067 "\xff")}}"#,
                "error calling camelcase: the text would be longer than 3200 bytes"
            ),
            (#"{{upper (repeat 1067 "\xff")}}"#, "error calling upper: the text would be longer than 3200 bytes"),
            (#"{{title (repeat 1067 "\xff")}}"#, "error calling title: the text would be longer than 3200 bytes"),
            (#"{{b64enc (repeat 2401 "x")}}"#, "error calling b64enc: the text would be longer than 3200 bytes"),
            (
                #"{{splitList "" (repeat 81 "x")}}"#,
                "error calling splitList: the list would be longer than 80 elements"
            ),
            ("{{until 81}}", "error calling until: the list would be longer than 80 elements"),
            ("{{until -9223372036854775808}}", "error calling until: the list would be longer than 80 elements"),
            ("{{len (until -80)}}", "80"),
            (
                "{{$l := until 50}}{{concat $l $l}}",
                "error calling concat: the list would be longer than 80 elements"
            ),
            (
                #"{{$l := list (repeat 2000 "x")}}{{toString (list $l $l)}}"#,
                "error calling toString: the text would be longer than 3200 bytes"
            ),
            (
                #"{{$l := list (repeat 2000 "x")}}{{sortAlpha (list $l $l)}}"#,
                "error calling sortAlpha: the text would be longer than 3200 bytes"
            ),
            (
                #"{{$l := list (repeat 2000 "x")}}{{toStrings (list $l $l)}}"#,
                "error calling toStrings: the text would be longer than 3200 bytes"
            ),
            (
                #"{{$l := repeat 1000 "x"}}{{toYaml (list $l $l $l $l)}}"#,
                "error calling toYaml: the text would be longer than 3200 bytes"
            ),
            // Most of the text is the indentation of the lines.
            (
                #"{{$l := list (repeat 500 "x\n")}}{{range seq 1 20}}{{$l = list $l}}{{end}}{{toYaml $l}}"#,
                "error calling toYaml: the text would be longer than 3200 bytes"
            ),
            (
                #"{{$t := repeat 100 "x"}}{{regexReplaceAll "x" $t $t}}"#,
                "error calling regexReplaceAll: the text would be longer than 3200 bytes"
            ),
            (#"{{toJson (repeat 600 "\x01")}}"#, "error calling toJson: the text would be longer than 3200 bytes"),
            (#"{{len (html (repeat 700 "&"))}}"#, "output is larger than 3200 bytes"),
            (#"{{js (repeat 700 "\x01")}}"#, "output is larger than 3200 bytes"),
            (#"{{len (urlquery (repeat 1100 "&"))}}"#, "output is larger than 3200 bytes"),
            // Each level holds the one below it twice: a thousand levels have more parts than could be looked at.
            (
                "{{$l := list}}{{range seq 1 80}}{{$l = list $l $l}}{{end}}{{uniq $l}}",
                "error calling uniq: the list would be longer than 80 elements"
            ),
            (
                "{{$l := list}}{{range seq 1 80}}{{$l = list $l $l}}{{end}}{{without (list) $l}}",
                "error calling without: the list would be longer than 80 elements"
            ),
            (
                "{{$l := list}}{{range seq 1 80}}{{$l = list $l $l}}{{end}}{{has $l (list)}}",
                "error calling has: the list would be longer than 80 elements"
            ),
            (
                "{{$l := list}}{{range seq 1 80}}{{$l = list $l $l}}{{end}}{{toYaml $l}}",
                "error calling toYaml: the text would be longer than 3200 bytes"
            ),
        ] as [(ByteString, String)])
    func smallLimits(_ template: ByteString, result: String) {
        var limits = Limits()
        limits.outputSize = 3_200
        #expect(render(template, limits: limits) == result)
    }

    /// Found by reading: a list that came to hold itself was printed until the stack was full.
    @Test(
        arguments: [
            (
                "{{$l := list 1 2 3}}{{append (slice $l 0 1) $l}}",
                "error calling append: the list would be an element of itself"
            ),
            (
                "{{$l := list 1 2 3}}{{append (slice $l 0 1) (list 4 (dict \"k\" (list $l)))}}",
                "error calling append: the list would be an element of itself"
            ),
            // A hundred lists, each with the same list twice: each is visited once.
            (
                "{{$l := list 1 2 3}}{{$m := $l}}{{range seq 1 100}}{{$m = list $m $m}}{{end}}{{append (slice $l 0 1) $m}}",
                "error calling append: the list would be an element of itself"
            ),
            // A part may reach into the capacity, where there is no element yet.
            (
                "{{$l := append (list 1 2) 3}}{{append $l (slice $l 0 4)}}",
                "error calling append: the list would be an element of itself"
            ),
            // A part of the list that ends before its new element, and another list in a place that was taken.
            ("{{$l := append (list 1 2) 3}}{{append $l $l}}", "[1 2 3 [1 2 3]]"),
            ("{{$l := list 1 2 3}}{{append (slice $l 0 1) (slice $l 0 1)}} {{$l}}", "[1 [1]] [1 [1] 3]"),
            ("{{$l := list 1 2 3}}{{append (slice $l 0 1) (list 9)}} {{$l}}", "[1 [9]] [1 [9] 3]"),
        ] as [(ByteString, String)])
    func listsHoldOthers(_ template: ByteString, result: String) {
        #expect(render(template) == result)
    }

    /// Splitting, changing case and sorting, also of characters beyond ASCII and of invalid UTF-8.
    @Test(
        arguments: [
            (#"{{range split "aé\xff€😀" ""}}{{printf "%q " .}}{{end}}"#, #""a" "é" "\xff" "€" "😀" "#),
            (#"{{len (split "" "")}} {{len (split "" ",")}}"#, "0 1"),
            (#"{{printf "%q" (split "--a--b--" "--")}}"#, #"["" "a" "b" ""]"#),
            (#"{{toUpper "aé\xffǆßἀ😀ꮿ"}} {{toLower "AÉİẞǅ𐐀"}}"#, "AÉ\u{FFFD}ǄßἈ😀Ꮿ aéißǆ𐐨"),
            (#"{{snakecase "HTTPServer getURLs éÉa_-x"}}"#, "http_server_get_ur_ls_é_éa_x"),
            (#"{{camelcase "foo_bar-ébc HTTPServer"}} {{kebabcase "aB"}}"#, "fooBarÉbcHttpServer a-b"),
            (
                #"{{$l := split "ccc,a,bb,,dd" ","}}{{sortByLength $l}}{{$l}} {{reverse $l}}{{$l}}"#,
                "[ a bb dd ccc][ a bb dd ccc] [ccc dd bb a ][ccc dd bb a ]"
            ),
        ] as [(ByteString, String)])
    func wordsCaseAndOrder(_ template: ByteString, result: String) {
        #expect(render(template) == result)
    }

    /// Where Sprig, or the libraries below Helm's `toYaml`, would do damage: their results are in no corpus.
    @Test(
        arguments: [
            // Sprig writes the error's words into the file.
            (#"{{b64dec "!"}}"#, "error calling b64dec: illegal base64 data at input byte 0"),
            // go-yaml makes a space of the first, and takes the others for errors.
            (#"{{toYaml "a\u0085b"}}"#, #""a\Nb""#), (#"{{toYaml "a\u007fb"}}"#, #""a\x7Fb""#),
            (#"{{toYaml "\u009f\ufeff"}}"#, #""\x9F\uFEFF""#),
            (#"{{toYaml (dict (repeat 1100 "k") 1) | trunc 3}}"#, "? k"),
            // go-yaml's comparison of these keys is circular, so its order is random.
            (#"{{toYaml (dict "a10" 1 "a1b" 2 "a2" 3)}}"#, "a10: 1\na1b: 2\na2: 3"),
        ] as [(ByteString, String)])
    func betterThanTheOriginal(_ template: ByteString, result: String) {
        #expect(render(template) == result)
    }

    /// Many equal elements, and many that differ, take time in proportion to their number: a hundred thousand would take
    /// minutes if each were compared with all.
    @Test(.timeLimit(.minutes(5))) func uniqueAmongMany() {
        #expect(render("{{len (uniq (seq 1 100000))}}") == "100000")
        #expect(render("{{len (without (seq 1 100000) 5 6)}}") == "99998")
        #expect(render(#"{{len (uniq (split (repeat 100000 "x") ""))}}"#) == "1")
    }

    /// Each function has one definition, and those of confd are all there.
    @Test func tableIsComplete() {
        let names = """
            add append atoi b64dec b64enc base base64Decode base64Encode camelcase ceil cget cgets cgetv cgetvs coalesce \
            concat contains datetime decrypt default dict dir div empty exists fail fileExists first float64 floor fromJson get getenv gets \
            getv getvs has hasKey hasPrefix hasSuffix health healthy hostname include indent initial int int64 join json jsonArray \
            kebabcase keys last list lookupIP lookupIPV4 lookupIPV6 lookupIfaceIPV4 lookupIfaceIPV6 lookupSRV lower \
            ls lsdir map max md5sum min mod mul nindent nospace parseBool pluck quote regexFind regexMatch \
            regexReplaceAll repeat replace required rest reverse round seq sha1sum sha256sum snakecase sortAlpha \
            sortByLength sortKVByLength split splitList squote sub ternary title toJson toLower toPrettyJson toString \
            toStrings toUpper toYaml trim trimAll trimPrefix trimSuffix trunc uniq until upper values without
            """
        #expect(FunctionTable.all.keys.sorted() == names.split(separator: " ").map(String.init).sorted())
    }

    @Test(
        arguments: [
            ("sharp s has no single capital", 0xDF, 0xDF, 0xDF, 0x1E9E),
            ("a capital for titles serves", 0x1F80, 0x1F88, 0x1F80, 0x1F88),
            ("dotted capital I", 0x130, 0x130, 0x69, 0x130),
            ("dotless i", 0x131, 0x49, 0x131, 0x131),
            ("k, the Kelvin sign", 0x212A, 0x212A, 0x6B, 0x4B),
            ("final sigma", 0x3C2, 0x3A3, 0x3C2, 0x3C3),
            ("digraph", 0x1C5, 0x1C4, 0x1C6, 0x1C6),
        ] as [(String, UInt32, UInt32, UInt32, UInt32)])
    func caseMappings(_ name: String, scalar: UInt32, upper: UInt32, lower: UInt32, nextFold: UInt32) {
        #expect(UnicodeCase.upper(scalar) == upper, "\(name)")
        #expect(UnicodeCase.lower(scalar) == lower, "\(name)")
        #expect(UnicodeCase.nextFold(scalar) == nextFold, "\(name)")
    }

    @Test(arguments: [0, 1, 12, 13, 50, 51, 500, 3000])
    func sortingKeepsAllItems(_ count: Int) {
        // Many equals, and a pattern that makes for bad pivots.
        let keys = (0..<count).map { $0 * 7919 % 31 &+ ($0 % 2 == 0 ? $0 / 100 : 0) }
        var sort = PatternDefeatingQuicksort(keys.enumerated().map { NumberedKey(number: $0.offset, key: $0.element) })
        sort.run()
        #expect(sort.items.map(\.key) == keys.sorted())
        #expect(Set(sort.items.map(\.number)).count == count)
    }

    private struct NumberedKey: SortItem {
        let number: Int
        let key: Int

        func precedes(_ other: NumberedKey) -> Bool { key < other.key }
    }
}
