import Testing
import TextTemplate
@testable import Rendering
import Foundation

@Test func scratchRegex() throws {
    guard let path = ProcessInfo.processInfo.environment["REGEX_CASES"] else { return }
    func un(_ s: Substring) -> ByteString {
        var out: [UInt8] = []
        var it = s.utf8.makeIterator()
        func v(_ c: UInt8) -> UInt8 { c < 58 ? c - 48 : c - 87 }
        while let a = it.next(), a != 46, let b = it.next() { out.append(v(a) << 4 | v(b)) }
        return ByteString(out)
    }
    var bad = 0, n = 0
    for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
        let f = line.split(separator: " ")
        n += 1
        let p = un(f[0])
        do {
            let re = try RegularExpression(p)
            if f[1] == "E" { bad += 1; print("NOERR", p.text.debugDescription, un(f[2]).text); continue }
            let m = re.firstMatch(in: un(f[2]))
            let got = m.map { "\($0.lowerBound),\($0.upperBound)" } ?? ""
            let want = f[4].dropLast().split(separator: ",").prefix(2).joined(separator: ",")
            if got != want { bad += 1; print("FIND", p.text.debugDescription, un(f[2]).text.debugDescription, got, want) }
            if re.matches(un(f[2])) != (m != nil) { bad += 1; print("MATCH") }
            let r = re.replacing(in: un(f[2]), with: un(f[3]))
            if r != un(f[5]) { bad += 1; print("REPL", p.text.debugDescription, un(f[2]).text.debugDescription, un(f[3]).text, r.text.debugDescription, un(f[5]).text.debugDescription) }
        } catch let e {
            let msg = e.message
            if f[1] != "E" || msg != un(f[2]) { bad += 1; print("ERR", p.text.debugDescription.prefix(200), msg.text.prefix(100), f[1], f[1] == "E" ? un(f[2]).text.prefix(200) : "") }
        }
    }
    print("REGEX", n, "bad", bad)
}
