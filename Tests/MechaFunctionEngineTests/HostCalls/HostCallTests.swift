import Foundation
import MechaInvocation
import MechaTestKit
import MechaWasm
import NIOCore
import NIOHTTP1
import Testing

@testable import MechaFunctions

/// Every function of the host, called right and in each way that is wrong, has the status that its interface says, or ends
/// the call; the process stays, and so do the neighbours.
@Suite(.timeLimit(.minutes(5))) struct HostCallTests {
    @Test func `proxy-wasm`() async throws {
        let functions = ProxyWasmInterface.functions.filter { $0.module == ProxyWasmInterface.module }
        let guest = HostCallGuest(HostShape.proxyWasm, memoryOutcome: .answer(6))
        // Each stands in the table.
        #expect(Set(functions.map(\.name)) == Set(HostShape.proxyWasm.map(\.name)))
        let module = guest.module(
            functions,
            besides: """
                (data (i32.const 200) "status ")
                (func (export "proxy_abi_version_0_2_1"))
                (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 100000))
                (func (export "proxy_on_context_create") (param i32 i32))
                (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))
                """,
            start: """
                (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
                  (drop (call $proxy_get_buffer_bytes (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 16) (i32.const 20)))
                  (i32.store (i32.const 0) (i32.load (i32.load (i32.const 16))))
                  (call $call)
                  (i32.store8 (i32.const 207) (i32.add (i32.const 48) (i32.div_u (i32.load (i32.const 8)) (i32.const 10))))
                  (i32.store8 (i32.const 208) (i32.add (i32.const 48) (i32.rem_u (i32.load (i32.const 8)) (i32.const 10))))
                  (drop (call $proxy_log (i32.const 2) (i32.const 200) (i32.const 9)))
                  (i32.const 0))
                """)
        try await run(guest, module, .proxyWasm) { _, world in
            let line = try #require(world.lines.all.last { $0.hasPrefix("info: status ") })
            return try #require(Int64(line.suffix(2)))
        }
    }

    @Test func `Mecha's own interface`() async throws {
        let functions = MechaInterface.functions
        let guest = HostCallGuest(HostShape.mecha, memoryOutcome: .trap)
        #expect(Set(functions.map(\.name)) == Set(HostShape.mecha.map(\.name)))
        let module = guest.module(
            functions, besides: "",
            start: """
                (func (export "handle") (result i32)
                  (drop (call $request_read (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4)))
                  (call $call)
                  (drop (call $response_write (i32.const 8) (i32.const 8)))
                  (i32.const 0))
                """)
        try await run(guest, module, .mecha) { response, _ in try Self.number(response) }
    }

    @Test func `http-wasm`() async throws {
        let functions = HTTPWasmInterface.functions
        let guest = HostCallGuest(HostShape.httpWasm, memoryOutcome: .trap)
        #expect(Set(functions.map(\.name)) == Set(HostShape.httpWasm.map(\.name)))
        let module = guest.module(
            functions,
            besides: #"(func (export "handle_response") (param i32 i32))"#,
            start: """
                (func (export "handle_request") (result i64)
                  (drop (call $read_body (i32.const 0) (i32.const 0) (i32.const 4)))
                  (drop (call $enable_features (i32.const 7)))
                  (call $call)
                  (call $write_body (i32.const 1) (i32.const 8) (i32.const 8))
                  (i64.const 0))
                """)
        try await run(guest, module, .httpWasm) { response, _ in try Self.number(response) }
    }

    /// The last eight bytes of a response.
    private static func number(_ response: AppResponse) throws -> Int64 {
        var body = response.body
        body.moveReaderIndex(to: max(body.readerIndex, body.writerIndex - 8))
        let number: Int64? = body.readInteger(endianness: .little)
        return try #require(number)
    }

    private func run(
        _ guest: HostCallGuest, _ module: String, _ abi: FunctionABI, answer: (AppResponse, EngineWorld) throws -> Int64
    ) async throws {
        let world = try await EngineWorld()
        let bytes = try Text.module(module)
        #expect(try world.loader.detect(bytes) == abi)
        let function = try await world.load(bytes, abi: abi) {
            $0.configuration = "settings"
            $0.grants.state = ["store"]
            $0.grants.pubsub = ["pubsub"]
            $0.grants.configuration = ["*"]
            $0.grants.locks = ["*"]
        }
        let neighbour = try await world.load(try await CGuests.exercise.value)
        for (index, call) in guest.calls.enumerated() {
            var body = ByteBuffer()
            body.writeInteger(UInt32(index), endianness: .little)
            do {
                let response = try await function.call("/uri", body, contentType: "a/b")
                switch call.outcome {
                case .trap: Issue.record("\(call.text), but answers \(try answer(response, world))")
                case .answer(let expected):
                    let found = try answer(response, world)
                    #expect(found == expected, "\(call.text), not \(found)")
                case .anyAnswer: break
                }
            } catch let error as FunctionError {
                #expect(call.outcome == .trap, "\(call.text), but: \(error.message)")
                #expect(error.code == .trapped || error.code == .failed)
            }
            #expect(try await neighbour.call("/echo", "well").text == "well")
        }
        #expect(function.instances == 0 && guest.calls.count > 50)
        await function.close()
        await neighbour.close()
        await world.close()
    }
}
