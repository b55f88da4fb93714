import HTTP

@testable import Backends
@testable import KeyValue

/// What a server sends is decoded or refused, never read beyond its end, and the result does not depend on the pieces in
/// which it arrives.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        let bytes = Array(input)
        checkFields(bytes)
        checkResponse(bytes)
        checkTransaction(bytes)
        checkSplitting(bytes)
        checkSpans(bytes)
        checkWatch(bytes)
        let status = GRPCStatus.decode(String(decoding: bytes, as: UTF8.self))
        check(status.unicodeScalars.count <= 500, "a message is short")
        check(status.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }, "a message has no controls")
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        let bytes = Array(input)
        _ = response(bytes)
        _ = transaction(bytes)
        var splitter = GRPCMessageSplitter(limit: 1 << 20)
        splitter.append(bytes)
        do throws(GRPCFailure) { while try splitter.next() != nil {} } catch {}
        _ = GRPCStatus.decode(String(decoding: bytes, as: UTF8.self))
    }

    /// Skipping every field ends at the end of the message, and each field lies in it.
    private static func checkFields(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var reader = ProtobufReader(buffer, 0..<buffer.count)
            do throws(ProtobufError) {
                while let field = try reader.nextField() {
                    var copy = reader
                    if field.type == .bytes {
                        let range = try copy.bytes(field)
                        check(range.upperBound == copy.position, "the bytes of a field are passed over")
                    }
                    try reader.skip(field)
                    check(field.type != .bytes || copy.position == reader.position, "skipping is reading")
                }
                check(reader.position == buffer.count, "all is read")
            } catch {
                check((0...buffer.count).contains(error.offset), "offset \(error.offset) is in the message")
            }
        }
    }

    private typealias Entries = [[Range<Int>]]

    private static func response(_ bytes: [UInt8]) -> (response: RangeResponse, entries: Entries)? {
        bytes.withUnsafeBytes { buffer in
            var entries: Entries = []
            do throws(ProtobufError) {
                let response = try RangeResponse(buffer, 0..<buffer.count)
                try RangeResponse.forEachKey(buffer, 0..<buffer.count) { key, value, _ in entries.append([key, value]) }
                return (response, entries)
            } catch {
                check((0...buffer.count).contains(error.offset), "offset \(error.offset) is in the message")
                return nil
            }
        }
    }

    /// What was decoded is the same when it is encoded and decoded again.
    private static func checkResponse(_ bytes: [UInt8]) {
        guard let first = response(bytes) else { return }
        for range in first.entries.joined() {
            check(range.lowerBound >= 0 && range.upperBound <= bytes.count, "keys and values lie in the message")
        }
        check(first.response.lastKey == first.entries.last?[0], "the last key is that of the last entry")
        var header = ProtobufWriter()
        header.write(3, first.response.header.revision)
        var writer = ProtobufWriter()
        writer.writeMessage(1, header.bytes)
        for entry in first.entries {
            var pair = ProtobufWriter()
            pair.write(1, bytes[entry[0]])
            pair.write(5, bytes[entry[1]])
            writer.writeMessage(2, pair.bytes)
        }
        writer.write(3, first.response.more)
        guard let again = response(writer.bytes) else { fatalError("what is encoded is decoded") }
        check(again.response.header.revision == first.response.header.revision, "the revision is kept")
        check(again.response.more == first.response.more, "more is kept")
        let texts = first.entries.map { $0.map { Array(bytes[$0]) } }
        check(again.entries.map { $0.map { Array(writer.bytes[$0]) } } == texts, "keys and values are kept")
    }

    private static func transaction(_ bytes: [UInt8]) -> (header: ResponseHeader, answers: [Range<Int>])? {
        bytes.withUnsafeBytes { buffer in
            do throws(ProtobufError) {
                return try ReadTransaction.decode(buffer, 0..<buffer.count)
            } catch {
                check((0...buffer.count).contains(error.offset), "offset \(error.offset) is in the message")
                return nil
            }
        }
    }

    /// The answers of a transaction lie in its message, one behind the other, and are the same when they are encoded and
    /// decoded again.
    private static func checkTransaction(_ bytes: [UInt8]) {
        guard let first = transaction(bytes) else { return }
        var end = 0
        for range in first.answers {
            check(range.lowerBound >= end && range.upperBound <= bytes.count, "answers lie in the message")
            end = range.upperBound
            bytes.withUnsafeBytes { buffer in
                guard let answer = try? RangeResponse(buffer, range), let key = answer.lastKey else { return }
                check(range.lowerBound <= key.lowerBound && key.upperBound <= end, "a key lies in its answer")
            }
        }
        var header = ProtobufWriter()
        header.write(3, first.header.revision)
        var writer = ProtobufWriter()
        writer.writeMessage(1, header.bytes)
        for range in first.answers {
            var operation = ProtobufWriter()
            operation.writeMessage(1, Array(bytes[range]))
            writer.writeMessage(3, operation.bytes)
        }
        guard let again = transaction(writer.bytes) else { fatalError("what is encoded is decoded") }
        check(again.header.revision == first.header.revision, "the revision is kept")
        check(again.answers.map { writer.bytes[$0] } == first.answers.map { bytes[$0] }, "answers are kept")
    }

    /// A stream yields the same messages and the same end whether it comes at once or in parts.
    private static func checkSplitting(_ bytes: [UInt8]) {
        let whole = messages([bytes])
        let cut = bytes.isEmpty ? 0 : Int(bytes[0]) % (bytes.count + 1)
        check(messages([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "two parts give the same")
        if bytes.count <= 256 { check(messages(bytes.map { [$0] }) == whole, "single bytes give the same") }
        do throws(GRPCFailure) {
            let range = try GRPCFrame.onlyMessage(bytes)
            check(range.upperBound == bytes.count, "one message is all")
            check(GRPCFrame.encode(Array(bytes[range])) == bytes, "a frame is encoded as it was")
        } catch {}
    }

    private static func messages(_ parts: [[UInt8]]) -> [[UInt8]] {
        var splitter = GRPCMessageSplitter(limit: 1000)
        var messages: [[UInt8]] = []
        do throws(GRPCFailure) {
            for part in parts {
                splitter.append(part)
                while let message = try splitter.next() { messages.append(Array(message)) }
            }
            messages.append(splitter.isInsideMessage ? [1] : [0])
        } catch {
            messages.append(Array("\(error)".utf8))
        }
        return messages
    }

    /// A watch reports each changed key once and in order, its revision never goes back, and its deadline never stays in
    /// the past.
    private static func checkWatch(_ bytes: [UInt8]) {
        var splitter = GRPCMessageSplitter(limit: 1000)
        splitter.append(bytes)
        var now = ContinuousClock.now
        var machine = WatchMachine(watchCount: bytes.count % 3 + 1, revision: 5, now: now)
        var revision = machine.revision
        func check(_ outputs: [WatchMachine.Output]) {
            Fuzz.check(machine.revision >= revision, "the revision never goes back")
            revision = machine.revision
            for case .changes(let changes) in outputs {
                let keys = changes.updates.map(\.key)
                Fuzz.check(zip(keys, keys.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }, "each key once")
            }
        }
        do {
            while let message = try splitter.next() {
                now = now.advanced(by: .milliseconds(message.count * 37))
                let response = try WatchResponse.decode(message)
                check(machine.receive(response, now: now))
                guard message.count % 2 == 0 else { continue }
                now = max(now, machine.deadline)
                let outputs = machine.timePassed(now: now)
                check(outputs)
                if outputs == [.dead] { return }
                Fuzz.check(
                    !outputs.isEmpty || machine.deadline > now || machine.receive(response, now: now).isEmpty,
                    "something happens when the time has come")
            }
        } catch {}
    }

    /// A key lies in exactly one of the spans that are asked for if one of the ranges contains it, and otherwise in
    /// none.
    private static func checkSpans(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 20, omittingEmptySubsequences: false)
        let ranges = lines.prefix(lines.count / 2).map { KeyRange(cleaned: Path.join([[slash], Array($0)])) }
        let spans = KeySpan.covering(ranges)
        for key in lines.map({ Array($0) }) + ranges.map(\.path) where !key.isEmpty {
            let isCovered = key.withUnsafeBufferPointer { key in ranges.contains { $0.contains(key) } }
            let count = key.withUnsafeBytes { key in spans.count { $0.contains(key) } }
            check(count == (isCovered ? 1 : 0), "a key is in as many spans as it should")
        }
    }

    static let pumps = [
        Pump("entries") { _ in "\u{12}\u{04}\u{0A}\u{02}/b" },
        Pump("opening groups") { _ in "{" },
        Pump("groups") { _ in "{|" },
        Pump("unknown fields") { _ in "x\u{01}" },
        Pump("empty frames") { _ in "\0\0\0\0\0" },
        Pump("frames") { _ in "\0\0\0\0\u{02}ab" },
        Pump("escapes") { _ in "%41%" },
    ]
}
