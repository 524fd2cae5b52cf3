import MechaProto
import NIOCore
import SwiftProtobuf

@testable import MechaWire

/// A listener with a router and a client of it, on loops of their own, for one test.
struct GRPCLoopback {
    let client: GRPCClient
    let http: HTTPClient
    let port: Int
    let listener: HTTPListener

    static func run(
        _ router: GRPCRouter, loops count: Int = 1, clientLimits: GRPCLimits = .init(),
        _ body: (GRPCLoopback) async throws -> Void
    ) async throws {
        let loops = EventLoops(count: count)
        let http = HTTPClient(loops: loops)
        do {
            let listener = try await HTTPListener.start(
                ListenerOptions(.tcp(host: "127.0.0.1", port: 0)), loops: loops, service: router)
            let port = listener.port ?? 0
            let origin = Origin(.tcp(host: "127.0.0.1", port: port))
            try await body(
                GRPCLoopback(client: GRPCClient(http, origin: origin, limits: clientLimits), http: http, port: port, listener: listener))
            await http.close()
            await listener.close()
        } catch {
            await loops.shutdown()
            throw error
        }
        await loops.shutdown()
    }

    /// The status that `body` throws.
    static func status(of body: () async throws -> Void) async throws -> GRPCStatus {
        do {
            try await body()
            return .ok
        } catch let status as GRPCStatus {
            return status
        }
    }
}
