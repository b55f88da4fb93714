import Testing

@testable import TextTemplate

/// What `html`, `js` and `urlquery` make of pointers and of nothing. The rows were recorded from Go 1.27.
struct PointerTests {
    @Test(arguments: [
        (#"{{html .S 1 .S "x" nil}}"#, "{t. 80 1 2} 1 {t. 80 1 2}x&lt;no value&gt;"),
        ("{{js .S 1}}", "{t. 80 1 2} 1"),
        ("{{urlquery .S .S}}", "%7Bt.+80+1+2%7D+%7Bt.+80+1+2%7D"),
        ("{{html .S}}", "{t. 80 1 2}"),
        ("{{print .S 1}}", "&{t. 80 1 2} 1"),
        (#"{{html 1 2 "a" 3 4 nil nil 5}}"#, "1 2a3 4&lt;no value&gt;&lt;no value&gt;5"),
        ("{{js nil}}", "\\u003Cno value\\u003E"),
        ("{{html .x 1}}", "&lt;no value&gt;1"),
        ("{{urlquery 1.5 true}}", "1.5+true"),
        ("[{{html}}{{js}}{{urlquery}}]", "[]"),
    ])
    func escaped(_ source: String, _ expected: String) throws {
        let template = try Template(ByteString(source), name: "t", functions: [:])
        let record = ServiceRecord(target: "t.", numbers: [80, 1, 2])
        var output: [UInt8] = []
        try template.render(.map(Map([("S", .object(record))])), into: &output)
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }
}
