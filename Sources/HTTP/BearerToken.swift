/// A secret in a header of each request.
package enum BearerToken {
    /// Whether `bytes` can be one: anything but visible ASCII could end the header and start another one.
    package static func isValid(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
