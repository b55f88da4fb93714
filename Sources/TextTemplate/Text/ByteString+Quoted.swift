extension ByteString {
    /// The string as a Go literal in double quotes: `strconv.Quote`.
    public var quoted: ByteString {
        withBytes { bytes in
            var output = ByteBuffer()
            Quoting().append(bytes, into: &output)
            return ByteString(output.bytes)
        }
    }
}
