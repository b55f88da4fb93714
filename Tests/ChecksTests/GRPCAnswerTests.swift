import Testing

@testable import Checks
@testable import HTTP

@Suite struct GRPCAnswerTests {
    static let serving: [UInt8] = [0, 0, 0, 0, 2, 8, 1]

    @Test(arguments: [
        (200, serving, String?.some("0"), "", ProbeResult.success),
        (200, [0, 0, 0, 0, 2, 8, 2], "0", "", .failure(.refused("NOT_SERVING"))),
        (200, [0, 0, 0, 0, 0], "0", "", .failure(.refused("UNKNOWN"))),
        (200, [0, 0, 0, 0, 2, 8, 9], "0", "", .failure(.refused("serving status 9"))),
        // Fields of later versions are skipped: 2 as text, 3 as eight bytes, 4 as four.
        (200, [0, 0, 0, 0, 19, 18, 1, 65, 25, 1, 2, 3, 4, 5, 6, 7, 8, 8, 1, 37, 1, 2, 3, 4], "0", "", .success),
        (200, [], "12", "unknown\nservice", .failure(.refused(#"gRPC status 12: unknown\nservice"#))),
        (200, [], "5", "", .failure(.refused("gRPC status 5"))),
        (404, [], "0", "", .failure(.status(404))),
        (200, serving, nil, "", .failure(.malformed("the answer has no gRPC status"))),
        (200, [], "0", "", .failure(.malformed("the answer is no gRPC message"))),
        (200, [1, 0, 0, 0, 2, 8, 1], "0", "", .failure(.malformed("the answer is no gRPC message"))),
        (200, [0, 0, 0, 0, 9, 8, 1], "0", "", .failure(.malformed("the answer is no gRPC message"))),
        (200, [0, 0, 0, 0, 2, 8, 128], "0", "", .failure(.malformed("the answer is no gRPC message"))),
        (200, [0, 0, 0, 0, 2, 18, 99], "0", "", .failure(.malformed("the answer is no gRPC message"))),
    ])
    func judges(_ status: Int, _ body: [UInt8], _ code: String?, _ message: String, _ result: ProbeResult) {
        let fields = [code.map { Header("grpc-status", $0) }, message.isEmpty ? nil : Header("grpc-message", message)]
        let response = Response(
            head: ResponseHead(status: status, headers: []), trailers: fields.compactMap { $0 }, body: body,
            isFirstOfConnection: true)
        #expect(GRPCAnswer.judge(response) == result)
    }
}
