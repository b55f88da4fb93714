import KeyValue

extension Snapshot {
    /// This snapshot with `updates` made one after the other; nil if each of them would change nothing.
    func changed(by updates: [Update]) -> Snapshot? {
        let changes = updates.filter { !has($0) }
        return changes.isEmpty ? nil : applying(changes, revision: 0)
    }

    /// Whether `update` would change nothing.
    private func has(_ update: Update) -> Bool {
        guard let index = update.key.withUnsafeBufferPointer({ find($0) }) else { return update.value == nil }
        return update.value.map { $0.elementsEqual(valueBytes(index)) } ?? false
    }
}
