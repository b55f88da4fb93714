extension Value {
    /// The value as text, Go's `fmt.Sprint`: `<nil>` for nothing. Not more than about 1 GiB of it.
    package var printed: ByteString {
        withUnsafePointer(to: self) { value in
            let bytes = ByteBuffer.bytes { output in
                Format.appendPrint(UnsafeBufferPointer(start: value, count: 1), into: &output)
            }
            return ByteString(bytes)
        }
    }
}
