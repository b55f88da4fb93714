/// Each function's purpose in a line, for the manual page. docs/templates.md says more, and a test compares the two.
package enum FunctionHelp {
    /// Functions of one kind.
    package struct Section: Sendable {
        package let title: String
        package let functions: [Usage]
    }

    /// How a function is called, `getv KEY [DEFAULT]`, and what it returns.
    package struct Usage: Sendable {
        package let call: String
        package let summary: String

        init(_ call: String, _ summary: String) {
            self.call = call
            self.summary = summary
        }

        /// The function's name.
        package var name: String { String(call.prefix { $0 != " " }) }
    }

    /// Every function, in the order of docs/templates.md.
    package static let sections = [
        Section(
            title: "Keys",
            functions: [
                Usage("getv KEY [DEFAULT]", "the value of a key"),
                Usage("get KEY", "the pair of a key; a missing key is an error"),
                Usage("exists KEY", "whether the key is there"),
                Usage("gets PATTERN", "the pairs whose keys match, sorted by key"),
                Usage("getvs PATTERN", "the values of such pairs, sorted by value"),
                Usage("ls PATH", "the names directly below a path, those with a value and those with more below them"),
                Usage("lsdir PATH", "only the names that have something below them"),
            ]),
        Section(
            title: "Secrets",
            functions: [
                Usage("decrypt KEY", "the value of a key, decrypted with -age-identity"),
                Usage("cgetv KEY", "the same, as confd up to 0.16 called it"),
                Usage("cget KEY", "the pair of a key, its value decrypted"),
                Usage("cgets PATTERN", "the pairs whose keys match, their values decrypted"),
                Usage("cgetvs PATTERN", "the decrypted values of such pairs, sorted"),
            ]),
        Section(
            title: "Health",
            functions: [
                Usage("healthy KEY", "whether the target of a key is up, as a [[template.health_check]] found it"),
                Usage(
                    "health KEY",
                    "what the check knows: the fields .Up, .Status, .Rise, .Fall, .Type, .Since and .Error"),
            ]),
        Section(
            title: "JSON",
            functions: [
                Usage("json TEXT", "an object as a map"),
                Usage("jsonArray TEXT", "an array as a list"),
                Usage("fromJson TEXT", "any JSON value"),
                Usage("toJson VALUE", "compact, with the keys of maps in order"),
                Usage("toPrettyJson VALUE", "with two spaces for each level"),
            ]),
        Section(
            title: "YAML",
            functions: [
                Usage("toYaml VALUE", "in lines, with the keys of maps in order")
            ]),
        Section(
            title: "Text",
            functions: [
                Usage("split TEXT SEPARATOR", "a list of the parts"),
                Usage("join LIST SEPARATOR", "the elements with the separator between them"),
                Usage("replace TEXT OLD NEW COUNT", "-1 replaces all"),
                Usage("toUpper TEXT", "in upper case"),
                Usage("toLower TEXT", "in lower case"),
                Usage("contains TEXT PART", "whether the part is in the text"),
                Usage("trimPrefix TEXT PREFIX", "without the prefix"),
                Usage("trimSuffix TEXT SUFFIX", "without the suffix"),
                Usage("repeat COUNT TEXT", "the text so many times"),
                Usage("indent COUNT TEXT", "so many spaces before each line"),
                Usage("nindent COUNT TEXT", "the same, on a new line"),
                Usage("quote TEXT", "in double quotes, with Go's escapes"),
                Usage("squote TEXT", "in single quotes, where a single quote becomes two"),
                Usage("nospace TEXT", "without white space"),
                Usage("snakecase TEXT", "as snake_case"),
                Usage("kebabcase TEXT", "as kebab-case"),
                Usage("camelcase TEXT", "as CamelCase"),
                Usage("regexMatch EXPRESSION TEXT", "whether the expression (RE2) is found in the text"),
                Usage("regexFind EXPRESSION TEXT", "the first match, or nothing"),
                Usage("regexReplaceAll EXPRESSION TEXT REPLACEMENT", "$1 or ${1} stands for a group"),
                Usage("base64Encode TEXT", "in base 64"),
                Usage("base64Decode TEXT", "from base 64"),
                Usage("sha256sum TEXT", "in hexadecimal digits"),
                Usage("trim TEXT", "without white space at both ends"),
                Usage("trimAll CHARACTERS TEXT", "without any of the characters at both ends"),
                Usage("upper TEXT", "in upper case"),
                Usage("lower TEXT", "in lower case"),
                Usage("title TEXT", "the first letter of each word as a capital"),
                Usage("trunc COUNT TEXT", "the first bytes, or the last if COUNT is negative"),
                Usage("hasPrefix PREFIX TEXT", "whether the text begins so"),
                Usage("hasSuffix SUFFIX TEXT", "whether the text ends so"),
                Usage("splitList SEPARATOR TEXT", "split with the text last"),
                Usage("toString VALUE", "any value as text"),
                Usage("b64enc TEXT", "in base 64"),
                Usage("b64dec TEXT", "from base 64"),
                Usage("sha1sum TEXT", "in hexadecimal digits"),
                Usage("md5sum TEXT", "in hexadecimal digits"),
                Usage("base PATH", "what is after the last slash"),
                Usage("dir PATH", "what is before it"),
            ]),
        Section(
            title: "Lists and maps",
            functions: [
                Usage("map KEY VALUE ...", "arguments for a template of one's own"),
                Usage("dict KEY VALUE ...", "the same under the fork's name"),
                Usage("hasKey MAP KEY", "whether the map has the key"),
                Usage("keys MAP", "in order"),
                Usage("values MAP", "in the order of their keys"),
                Usage("pluck KEY MAP ...", "the values of a key in those maps that have it"),
                Usage("list VALUE ...", "a list of the values"),
                Usage("append LIST VALUE", "the list with the value after it"),
                Usage("seq FIRST LAST", "the integers from one to the other"),
                Usage("reverse LIST", "a list of strings or of pairs, turned around"),
                Usage("sortByLength LIST", "strings, the shortest first"),
                Usage("sortKVByLength PAIRS", "pairs, those with the shortest keys first"),
                Usage("first LIST", "the first element; nothing if there is none"),
                Usage("last LIST", "the last element"),
                Usage("rest LIST", "all but the first"),
                Usage("initial LIST", "all but the last"),
                Usage("uniq LIST", "each element once"),
                Usage("without LIST VALUE ...", "the elements that are none of the values"),
                Usage("has VALUE LIST", "whether the value is in the list"),
                Usage("concat LIST ...", "the elements of all lists"),
                Usage("sortAlpha LIST", "as strings, in the order of their bytes"),
                Usage("toStrings LIST", "each element as a string"),
                Usage("until COUNT", "the integers from 0 up to COUNT, which is not among them"),
            ]),
        Section(
            title: "Defaults and choices",
            functions: [
                Usage("default DEFAULT VALUE", "the value unless it is empty"),
                Usage("coalesce VALUE ...", "the first that is not empty"),
                Usage("empty VALUE", "whether the value is empty"),
                Usage("ternary IF-TRUE IF-FALSE CONDITION", "one of two values"),
                Usage("required MESSAGE VALUE", "the value; an error if it is nil or the empty text"),
                Usage("fail MESSAGE", "an error that says the message"),
            ]),
        Section(
            title: "Numbers",
            functions: [
                Usage("atoi TEXT", "an integer"),
                Usage("parseBool TEXT", "1 t T true TRUE True and their opposites"),
                Usage("add A B", "the sum of two integers"),
                Usage("sub A B", "the difference"),
                Usage("mul A B", "the product"),
                Usage("div A B", "without the remainder"),
                Usage("mod A B", "the remainder"),
                Usage("int VALUE", "an integer of any number or text; 0 if it is none"),
                Usage("int64 VALUE", "the same of Go's type int64"),
                Usage("float64 VALUE", "a floating-point number"),
                Usage("max VALUE ...", "the largest, as an integer"),
                Usage("min VALUE ...", "the smallest, as an integer"),
                Usage("floor VALUE", "the next lower whole number"),
                Usage("ceil VALUE", "the next higher whole number"),
                Usage("round VALUE PLACES [THRESHOLD]", "to so many digits behind the point"),
            ]),
        Section(
            title: "The surroundings",
            functions: [
                Usage("getenv NAME [DEFAULT]", "an environment variable; the default if it is unset or empty"),
                Usage("datetime", "the time of the rendering, with Go's methods"),
                Usage("hostname", "the machine's name"),
                Usage("fileExists PATH", "whether there is such a file"),
                Usage("lookupIP HOST", "all addresses, sorted as text; none if there is no such host"),
                Usage("lookupIPV4 HOST", "those of IPv4"),
                Usage("lookupIPV6 HOST", "those of IPv6"),
                Usage(
                    "lookupSRV SERVICE PROTOCOL NAME", "records with the fields .Target, .Port, .Priority and .Weight"),
                Usage("lookupIfaceIPV4 INTERFACE", "the interface's first address; empty if there is none"),
                Usage("lookupIfaceIPV6 INTERFACE", "the interface's first IPv6 address; empty if there is none"),
                Usage(
                    "include NAME [DOT]",
                    "renders another file below the templates directory, with the same keys, and returns its text"),
            ]),
        builtins,
    ]

    /// Those of Go's text/template.
    package static let builtins = Section(
        title: "Go's own",
        functions: [
            Usage("and VALUE ...", "the first empty value, else the last"),
            Usage("or VALUE ...", "the first value that is not empty, else the last"),
            Usage("not VALUE", "whether the value is empty"),
            Usage("eq A B ...", "whether the first equals one of the others"),
            Usage("ne A B", "whether they differ"),
            Usage("lt A B", "whether the first is less"),
            Usage("le A B", "whether the first is not greater"),
            Usage("gt A B", "whether the first is greater"),
            Usage("ge A B", "whether the first is not less"),
            Usage("len VALUE", "the number of elements, or of bytes of a text"),
            Usage("index VALUE KEY ...", "an element of a list or map, and so on inwards"),
            Usage("slice VALUE [FROM [TO]]", "a part of a list or text"),
            Usage("print VALUE ...", "as text, with spaces between what is no text"),
            Usage("println VALUE ...", "as text, with spaces between them and a line feed"),
            Usage("printf FORMAT VALUE ...", "in the form of Go's fmt"),
            Usage("html VALUE ...", "as text, escaped for HTML"),
            Usage("js VALUE ...", "as text, escaped for JavaScript"),
            Usage("urlquery VALUE ...", "as text, escaped for the query of a URL"),
            Usage("call FUNCTION VALUE ...", "what the function value gives"),
        ])
}
