import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaRedis

@Suite struct RedisBindingTests {
    private func with(_ body: (RedisServer, RedisBinding) async throws -> Void) async throws {
        let server = try await RedisServer()
        let binding = try redisComponent(RedisBinding.descriptor, ["redisHost": "127.0.0.1:\(server.port)"], as: RedisBinding.self)
        try await binding.start()
        do {
            try await body(server, binding)
        } catch {
            await binding.close()
            throw error
        }
        await binding.close()
    }

    private func invoke(
        _ binding: RedisBinding, _ operation: String, _ metadata: [String: String], data: String = ""
    ) async throws -> String? {
        let response = try await binding.invoke(BindingRequest(operation: operation, data: ByteBuffer(string: data), metadata: metadata))
        return response.data.map { String(buffer: $0) }
    }

    @Test func `keys are created, read, counted and deleted`() async throws {
        try await with { server, binding in
            #expect(try await invoke(binding, "create", ["key": "k"], data: #""value""#) == nil)
            #expect(try await server.cli("GET", "k") == [#""value""#])
            #expect(try await invoke(binding, "get", ["key": "k"]) == #""value""#)
            #expect(try await invoke(binding, "get", ["key": "missing"]) == nil)
            #expect(try await invoke(binding, "get", ["key": "k", "delete": "true"]) == #""value""#)
            #expect(try await server.cli("EXISTS", "k") == ["0"])
            #expect(try await invoke(binding, "increment", ["key": "n"]) == "1")
            #expect(try await invoke(binding, "increment", ["key": "n", "ttlInSeconds": "100"]) == "2")
            let left = try await server.cli("TTL", "n").joined()
            #expect(90...100 ~= Int(left) ?? 0)
            #expect(try await invoke(binding, "delete", ["key": "n"]) == nil)
            #expect(try await server.cli("EXISTS", "n") == ["0"])
            #expect(try await invoke(binding, "create", ["key": "short", "ttlInSeconds": "50"], data: "x") == nil)
            let leftOfShort = try await server.cli("TTL", "short").joined()
            #expect(40...50 ~= Int(leftOfShort) ?? 0)
        }
    }

    @Test func `requests that make no sense are refused with words for it`() async throws {
        try await with { server, binding in
            func failure(_ operation: String, _ metadata: [String: String]) async -> CapabilityError? {
                await #expect(throws: CapabilityError.self) { try await invoke(binding, operation, metadata) }
            }
            #expect(await failure("create", [:])?.code == .invalidArgument)
            #expect(await failure("get", ["key": ""])?.code == .invalidArgument)
            #expect(await failure("create", ["key": "k", "ttlInSeconds": "soon"])?.message.contains("ttlInSeconds") == true)
            #expect(await failure("create", ["key": "k", "ttlInSeconds": "0"])?.code == .invalidArgument)
            let unknown = await failure("list", ["key": "k"])
            #expect(unknown?.code == .unsupported)
            #expect(unknown?.message.contains("create, get, delete, increment") == true)
            _ = try await server.cli("SET", "text", "x")
            #expect(await failure("increment", ["key": "text"])?.code == .backend)
        }
    }
}
