import HTTP
import Testing

@testable import Backends

@Suite struct EtcdFramingTests {
    @Test func framesAMessage() {
        #expect(GRPCFrame.encode([7, 8]) == [0, 0, 0, 0, 2, 7, 8])
        #expect(GRPCFrame.encode([UInt8](repeating: 1, count: 0x010203)).prefix(5) == [0, 0, 1, 2, 3])
    }

    @Test(
        arguments: [
            ([0, 0, 0, 0, 2, 7, 8], nil),
            ([0, 0, 0, 0, 0], nil),
            ([], "no message"),
            ([0], "message cut short"),
            ([0, 0, 0, 0], "message cut short"),
            ([0, 0, 0, 0, 2, 7], "message cut short"),
            ([0, 0xff, 0xff, 0xff, 0xff, 7], "message cut short"),
            ([0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0], "more than one message"),
            ([1, 0, 0, 0, 1, 7], "compressed message"),
            (Array("<html></html>".utf8), "not a gRPC frame"),
        ] as [([UInt8], String?)])
    func judgesABody(_ body: [UInt8], _ reason: String?) {
        do throws(GRPCFailure) {
            let range = try GRPCFrame.onlyMessage(body)
            #expect(reason == nil)
            #expect(range == 5..<body.count)
        } catch {
            #expect(reason.map { .malformed($0) } == error)
        }
    }

    @Test func splitsMessagesAtEveryCut() throws {
        let stream = GRPCFrame.encode([1, 2, 3]) + GRPCFrame.encode([]) + GRPCFrame.encode([4])
        for first in 0...stream.count {
            for second in first...stream.count {
                var splitter = GRPCMessageSplitter(limit: 100)
                var messages: [[UInt8]] = []
                for part in [stream[..<first], stream[first..<second], stream[second...]] {
                    splitter.append(Array(part))
                    while let message = try splitter.next() { messages.append(Array(message)) }
                }
                #expect(messages == [[1, 2, 3], [], [4]])
                #expect(!splitter.isInsideMessage)
            }
        }
    }

    @Test func refusesALongMessageByItsHeader() {
        var splitter = GRPCMessageSplitter(limit: 100)
        splitter.append([0, 0, 0, 0, 96])
        #expect(throws: GRPCFailure.transport(HTTPError(.tooLarge(101)))) { try splitter.next() }
    }

    @Test func refusesACompressedMessageInAStream() {
        var splitter = GRPCMessageSplitter(limit: 100)
        splitter.append([1])
        #expect(throws: GRPCFailure.malformed("compressed message")) { try splitter.next() }
    }

    @Test(arguments: [
        ("permission denied", "permission denied"),
        ("a%20b%2fc%2F", "a b/c/"),
        ("100%", "100%"),
        ("%4", "%4"),
        ("%zz%41", "%zzA"),
        ("line%0Abreak%00", "line break "),
        ("%c3%a9 %ff", "é \u{fffd}"),
    ])
    func decodesAMessage(_ text: String, _ decoded: String) {
        #expect(GRPCStatus.decode(text) == decoded)
    }

    @Test func limitsTheLengthOfAMessage() {
        #expect(GRPCStatus.decode(String(repeating: "x", count: 10_000)) == String(repeating: "x", count: 500))
    }
}
