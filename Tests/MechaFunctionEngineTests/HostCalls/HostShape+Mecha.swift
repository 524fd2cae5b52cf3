import NIOCore

@testable import MechaFunctions

// What docs/function-abi.md says.
extension HostShape {
    private static let ok = HostOutcome.answer(0)
    private static let notFound = HostOutcome.answer(-1)
    private static let invalid = HostOutcome.answer(-2)
    private static let denied = HostOutcome.answer(-3)
    private static let unimplemented = HostOutcome.answer(-4)

    private static let cutOff: [[UInt8]] = [
        [7, 7], [0xff, 0xff, 0xff, 0xff], [1, 0, 0, 0], [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0, 1],
        [1, 0, 0, 0, 9, 0, 0, 0, 0x61],
    ]

    private static func pairs(_ pairs: [(name: String, value: String)] = [], malformed outcome: HostOutcome = invalid) -> HostParameter {
        .list(Array(ByteBuffer(pairs: pairs).readableBytesView), malformed: cutOff, outcome)
    }

    /// One name.
    private static func keys(malformed outcome: HostOutcome = invalid) -> HostParameter {
        .list([1, 0, 0, 0, 1, 0, 0, 0, 0x6b], malformed: cutOff, outcome)
    }

    /// One write of the key `k`.
    private static let operations = HostParameter.list(
        [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x6b, 1, 0, 0, 0, 0x76, 0, 0, 0, 0],
        malformed: cutOff + [[1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0x6b, 0, 0, 0, 0, 0, 0, 0, 0]], invalid)

    static let mecha: [HostShape] = [
        .init("request_read", [.number(0, [5: notFound, 7: invalid, -1: invalid]), .number(0, [-1: .answer(4)]), .buffer(8)], .answer(4)),
        .init("request_header", [.text("x-none"), .buffer(8)], notFound),
        .init("response_status", [.number(200, [599: ok, 199: invalid, 600: invalid, -1: invalid])], ok),
        .init("response_header", [.text("x-a"), .text("b")], ok),
        .init("response_write", [.text("bytes")], ok),
        .init("result_read", [.number(0, [-1: ok]), .buffer(8)], ok),
        .init("result_attribute", [.text("etag"), .buffer(8)], notFound),
        .init("result_attributes", [.buffer(8)], .answer(4)),
        .init("log", [.number(2, [-1: .anyAnswer, 99: .anyAnswer]), .text("line")], .anyAnswer),
        .init("time", [], .anyAnswer),
        .init("monotonic", [], .anyAnswer),
        .init("sleep", [.number(1)], ok),
        .init("random", [.buffer(8)], .answer(8)),
        .init("settings", [.buffer(8)], .answer(8)),
        .init("variable", [.text("COLOUR"), .buffer(8)], .answer(5)),
        .init("state_get", [.text("store"), .text("key"), pairs(), .buffer(8)], notFound),
        .init("state_set", [.text("store"), .text("other"), .text("value"), pairs([("ttlInSeconds", "60")])], ok),
        .init("state_delete", [.text("store"), .text("key"), pairs()], ok),
        .init("state_bulk_get", [.text("store"), keys(), pairs(), .buffer(8)], .anyAnswer),
        .init("state_transaction", [.text("store"), operations, pairs()], ok),
        .init("publish", [.text("pubsub"), .text("topic"), .text("data"), pairs()], ok),
        .init("invoke", [.text("fn"), .text("GET"), .text("/a?b=c"), pairs([("x-a", "b")]), .text("body"), .buffer(8)], .answer(12)),
        .init("binding", [.text("files"), .text("list"), .text("data"), pairs(), .buffer(8)], .anyAnswer),
        .init("secret_get", [.text("vault"), .text("login"), pairs(), .buffer(8)], .anyAnswer),
        .init(
            "configuration_get", [.text("store"), keys(malformed: unimplemented), pairs(malformed: unimplemented), .buffer(8)],
            unimplemented),
        .init("lock", [.text("store"), .text("resource"), .text("owner"), .number(1, [-1: unimplemented])], unimplemented),
        .init("unlock", [.text("store"), .text("resource"), .text("owner")], unimplemented),
        .init("id_next", [.text("store"), .text("key"), pairs(malformed: unimplemented), .buffer(8)], unimplemented),
        .init("file_get", [.text("store"), .text("name"), pairs(malformed: unimplemented), .buffer(8)], unimplemented),
        .init("file_put", [.text("store"), .text("name"), .text("data"), pairs(malformed: unimplemented)], unimplemented),
        .init("file_delete", [.text("store"), .text("name"), pairs(malformed: unimplemented)], unimplemented),
        .init("file_list", [.text("store"), .text("name"), pairs(malformed: unimplemented), .buffer(8)], unimplemented),
        .init("file_stat", [.text("store"), .text("name"), pairs(malformed: unimplemented), .buffer(8)], unimplemented),
    ]
}
