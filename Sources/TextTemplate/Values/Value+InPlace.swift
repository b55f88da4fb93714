// Copying and destroying values in place: in slots, on the stack and in maps. A value that owns no object ("trivial")
// is copied with memcpy and needs no deinitialization.

extension Value {
    /// Whether the value owns no object: its copies are the same bytes, and it needs no deinitialization.
    @inline(__always)
    var isTrivial: Bool {
        switch self {
        case .invalid, .nilInterface, .bool, .int, .integer, .float, .complex: true
        case .string(let text): text.owner == nil
        case .pair(let pair): pair.isTrivial
        case .slice, .map, .object: false
        }
    }
}

extension UnsafePointer<Value> {
    /// The bytes of a string, valid as long as the value stays here; nil for any other value.
    @inline(__always)
    var text: UnsafeBufferPointer<UInt8>? {
        if case .string(let text) = pointee { text.unretainedBytes } else { nil }
    }

    /// The bytes of a field of a key-value pair, likewise.
    @inline(__always)
    func text(ofPairField field: FieldName.Known) -> UnsafeBufferPointer<UInt8>? {
        guard case .pair(let pair) = pointee else { return nil }
        switch field {
        case .key: return pair.unretainedKey
        case .value: return pair.unretainedValue
        case .other: return nil
        }
    }

    /// The storage of a map, likewise.
    @inline(__always)
    var mapStorage: Unmanaged<MapStorage>? {
        if case .map(let map) = pointee { .passUnretained(map.storage) } else { nil }
    }
}

extension UnsafeMutablePointer<Value> {
    /// Initializes this memory with a copy of the value at `source`.
    @inline(__always)
    func initialize(copying source: UnsafePointer<Value>) {
        if source.pointee.isTrivial {
            UnsafeMutableRawPointer(self).copyMemory(from: source, byteCount: MemoryLayout<Value>.size)
        } else {
            initialize(to: source.pointee)
        }
    }

    /// Deinitializes the value here; a trivial one needs nothing.
    @inline(__always)
    func deinitializeInPlace() {
        if !pointee.isTrivial { deinitialize(count: 1) }
    }
}
