/// `bytes` for a message, between quotes: what is not printable ASCII becomes `\xHH`, and the length is limited.
func printable(_ bytes: [UInt8]) -> String {
    var text = ""
    for byte in bytes.prefix(200) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += "\\" + String(UnicodeScalar(byte))
        case 0x20..<0x7f: text.unicodeScalars.append(UnicodeScalar(byte))
        default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
    return bytes.count > 200 ? text + "…" : text
}
