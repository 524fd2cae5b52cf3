@testable import MechaFunctions

// What http-wasm.io's HTTP handler ABI says, with all features enabled and before the request goes on. Lists have their
// count in the upper half of the answer, and a zero behind each item.
extension HostShape {
    private static let kinds: [Int64: HostOutcome] = [4: .trap, -1: .trap]

    static let httpWasm: [HostShape] = [
        .init("enable_features", [.number(0, [1: .answer(7), -1: .answer(7), 8: .answer(7)])], .answer(7)),
        .init("get_config", [.buffer(8)], .answer(8)),
        .init("log", [.number(0, [-1: .anyAnswer, 2: .anyAnswer]), .text("line")], .anyAnswer),
        .init("log_enabled", [.number(2, [-1: .answer(1), 3: .answer(0), 99: .answer(0), -2: .answer(0)])], .answer(1)),
        .init("get_method", [.buffer(8)], .answer(4)),
        .init("set_method", [.text("PUT")], .anyAnswer),
        .init("get_uri", [.buffer(8)], .answer(4)),
        .init("set_uri", [.text("/a?b=c")], .anyAnswer),
        .init("get_protocol_version", [.buffer(8)], .answer(8)),
        .init("get_source_addr", [.number(-1), .number(-1)], .answer(0)),
        .init("get_status_code", [], .answer(200)),
        .init("set_status_code", [.number(418, [599: .anyAnswer, 99: .trap, 600: .trap, -1: .trap])], .anyAnswer),
        .init(
            "get_header_names", [.number(0, kinds.merging([1: .answer(0), 2: .answer(0), 3: .answer(0)]) { $1 }), .buffer(64)],
            .answer(1 << 32 | 13)),
        .init(
            "get_header_values", [.number(0, kinds.merging([1: .answer(0)]) { $1 }), .text("Content-Type"), .buffer(64)],
            .answer(1 << 32 | 4)),
        .init(
            "set_header_value", [.number(0, kinds.merging([1: .anyAnswer, 2: .anyAnswer, 3: .trap]) { $1 }), .text("x-a"), .text("b")],
            .anyAnswer),
        .init(
            "add_header_value", [.number(1, kinds.merging([0: .anyAnswer, 2: .anyAnswer, 3: .trap]) { $1 }), .text("x-a"), .text("b")],
            .anyAnswer),
        .init("remove_header", [.number(0, kinds.merging([1: .anyAnswer, 3: .trap]) { $1 }), .text("x-a")], .anyAnswer),
        .init("read_body", [.number(0, kinds.merging([1: .answer(1 << 32), 2: .trap]) { $1 }), .buffer(8)], .answer(1 << 32)),
        .init("write_body", [.number(1, kinds.merging([0: .anyAnswer, 2: .trap]) { $1 }), .text("bytes")], .anyAnswer),
    ]
}
