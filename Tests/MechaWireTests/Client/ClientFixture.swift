import NIOCore
import NIOHTTP1
import NIOPosix

@testable import MechaWire

/// Loops with a client, for one test.
struct ClientFixture {
    let loops: EventLoops
    let client: HTTPClient

    /// Runs `body` and takes everything down whatever happens.
    static func run(
        loops count: Int = 1, limits: WireLimits = .init(), _ body: (ClientFixture) async throws -> Void
    ) async throws {
        let loops = EventLoops(count: count)
        let fixture = ClientFixture(loops: loops, client: HTTPClient(loops: loops, limits: limits))
        do {
            try await body(fixture)
        } catch {
            await loops.shutdown()
            throw error
        }
        await fixture.client.close()
        await loops.shutdown()
    }

    func server(_ script: @escaping @Sendable (ScriptedServer.Connection) -> Void) async throws -> ScriptedServer {
        try await ScriptedServer.start(on: loops.group, script)
    }

    func get(_ port: Int, _ target: String = "/", deadline: NIODeadline? = nil) async throws -> ClientResponse {
        try await client.execute(ClientRequest(.GET, target, at: Origin(.tcp(host: "127.0.0.1", port: port))), deadline: deadline)
    }

    /// The code that `body` fails with; nil when it succeeds.
    func failure<Value>(of body: () async throws -> Value) async -> WireError.Code? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? WireError)?.code
        }
    }
}
