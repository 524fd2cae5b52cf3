@testable import MechaFunctions

// The statuses are those of the specification (abi-versions of proxy-wasm/spec), and of Layotto for its own.
extension HostShape {
    private static let ok = HostOutcome.answer(0)
    private static let notFound = HostOutcome.answer(1)
    private static let badArgument = HostOutcome.answer(2)
    private static let unimplemented = HostOutcome.answer(12)

    private static func pairs(_ pairs: [(String, String)]) -> HostParameter {
        let valid = HeaderPairs.encode(pairs)
        let malformed: [[UInt8]] = [
            [7, 7], [0xff, 0xff, 0xff, 0xff], [1, 0, 0, 0], [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x61, 0], [1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0x61],
        ]
        return .list(Array(valid.readableBytesView), malformed: malformed, badArgument)
    }

    private static let noMap: [Int64: HostOutcome] = [8: badArgument, -1: badArgument]
    private static let fixedMaps: [Int64: HostOutcome] = [
        4: badArgument, 5: badArgument, 6: badArgument, 7: badArgument, 8: badArgument, -1: badArgument, 1: ok, 2: ok, 3: ok,
    ]
    private static let absentBuffers: [Int64: HostOutcome] = [
        2: notFound, 3: notFound, 4: notFound, 5: notFound, 9: badArgument, -1: badArgument,
    ]
    private static let connections: [Int64: HostOutcome] = [1: ok, 2: unimplemented, 3: unimplemented, 4: badArgument, -1: badArgument]

    static let proxyWasm: [HostShape] = [
        .init("proxy_log", [.number(1, [0: ok, 5: ok, 6: badArgument, -1: badArgument]), .text("hello")], ok),
        .init("proxy_get_log_level", [.place(4)], ok),
        .init("proxy_get_current_time_nanoseconds", [.place(8)], ok),
        .init("proxy_set_tick_period_milliseconds", [.number(0, [1: ok, -1: ok])], ok),
        .init("proxy_set_effective_context", [.number(1, [2: ok, 0: badArgument, 77: badArgument, -1: badArgument])], ok),
        .init("proxy_done", [], notFound),
        .init("proxy_get_configuration", [.place(4), .place(4)], ok),
        .init("proxy_continue_stream", [.number(0, connections)], ok),
        .init("proxy_close_stream", [.number(0, connections)], ok),
        .init("proxy_get_status", [.place(4), .place(4), .place(4)], ok),
        .init("proxy_continue_request", [], ok),
        .init("proxy_continue_response", [], ok),
        .init("proxy_clear_route_cache", [], ok),
        .init(
            "proxy_get_buffer_bytes",
            [
                .number(0, absentBuffers.merging([1: badArgument, 6: badArgument, 7: ok, 8: badArgument]) { $1 }),
                .number(2, [4: ok, 5: badArgument, -1: badArgument]), .number(9, [-1: ok, 0: ok]), .place(4), .place(4),
            ], ok),
        .init(
            "proxy_get_buffer_status",
            [.number(0, absentBuffers.merging([1: ok, 6: ok, 7: ok, 8: ok]) { $1 }), .place(4), .place(4)], ok),
        .init(
            "proxy_set_buffer_bytes",
            [
                .number(0, absentBuffers.merging([1: ok, 6: badArgument, 7: badArgument, 8: ok]) { $1 }), .number(0, [2: ok, -1: ok]),
                .number(0, [1: ok, -1: ok]), .text("bytes"),
            ], ok),
        .init(
            "proxy_get_header_map_size",
            [.number(0, noMap.merging([1: ok, 2: ok, 3: ok, 4: ok, 5: ok, 6: ok, 7: ok]) { $1 }), .place(4)], ok),
        .init(
            "proxy_get_header_map_pairs",
            [.number(0, noMap.merging([1: ok, 4: ok, 7: ok]) { $1 }), .place(4), .place(4)], ok),
        .init("proxy_set_header_map_pairs", [.number(0, fixedMaps), pairs([("a", "b"), ("c", "")])], ok),
        .init(
            "proxy_get_header_map_value",
            [.number(0, noMap.merging([1: notFound, 2: notFound, 5: notFound]) { $1 }), .text(":METHOD"), .place(4), .place(4)], ok),
        .init("proxy_add_header_map_value", [.number(0, fixedMaps), .text("a"), .text("b")], ok),
        .init("proxy_replace_header_map_value", [.number(0, fixedMaps), .text("a"), .text("b")], ok),
        .init("proxy_remove_header_map_value", [.number(0, fixedMaps), .text("a")], ok),
        .init("proxy_get_property", [.text("plugin_name"), .place(4), .place(4)], ok),
        .init("proxy_set_property", [.text("mine"), .text("value")], ok),
        .init(
            "proxy_send_local_response",
            [
                .number(403, [200: ok, 599: ok, 199: badArgument, 600: badArgument, -1: badArgument]), .text("details"), .text("body"),
                pairs([("x-a", "b")]), .number(-1, [0: ok, 16: ok, 17: ok]),
            ], ok),
        .init(
            "proxy_http_call",
            [
                .text("fn"), pairs([(":method", "GET"), (":path", "/"), (":authority", "fn")]), .text("body"), pairs([("x-t", "1")]),
                .number(50, [0: ok, -1: ok]), .place(4),
            ], ok),
        .init("proxy_get_shared_data", [.text("nothing"), .place(4), .place(4), .place(4)], notFound),
        .init("proxy_set_shared_data", [.text("key"), .text("value"), .number(0, [7_777: .answer(8)])], ok),
        .init("proxy_register_shared_queue", [.text("queue"), .place(4)], ok),
        .init("proxy_resolve_shared_queue", [.text("machine"), .text("no queue"), .place(4)], notFound),
        .init("proxy_enqueue_shared_queue", [.number(1, [0: notFound, 77: notFound, -1: notFound]), .text("item")], ok),
        // More are there than were taken, so it comes before; the empty one is in ProxyWasmTests.
        .init("proxy_dequeue_shared_queue", [.number(77, [0: notFound, -1: notFound]), .place(4), .place(4)], notFound),
        .init("proxy_define_metric", [.number(0, [1: ok, 2: ok, 3: badArgument, -1: badArgument]), .text("metric"), .place(4)], ok),
        .init("proxy_increment_metric", [.number(1, [0: notFound, 77: notFound]), .number(1, [0: ok, -1: badArgument])], ok),
        .init("proxy_record_metric", [.number(1, [0: notFound, 77: notFound]), .number(1, [-1: ok])], ok),
        .init("proxy_get_metric", [.number(1, [0: notFound, 77: notFound]), .place(8)], ok),
        .init(
            "proxy_grpc_call",
            [
                .text("up"), .text("service"), .text("method"), .text(""), .text("message"), .number(10), .place(4),
            ], unimplemented),
        .init("proxy_grpc_stream", [.text("up"), .text("service"), .text("method"), .text(""), .place(4)], unimplemented),
        .init("proxy_grpc_send", [.number(1, [0: notFound]), .text("message"), .number(1)], notFound),
        .init("proxy_grpc_cancel", [.number(1, [0: notFound])], notFound),
        .init("proxy_grpc_close", [.number(1, [0: notFound])], notFound),
        .init("proxy_call_foreign_function", [.text("name"), .text("arguments"), .place(4), .place(4)], notFound),
        .init("emscripten_notify_memory_growth", [.number(0, [-1: .anyAnswer])], .anyAnswer),
        .init("proxy_get_state", [.text("store"), .text("key"), .place(4), .place(4)], ok),
        .init("proxy_invoke_service", [.text("fn"), .text("method"), .text("body"), .place(4), .place(4)], ok),
    ]
}
