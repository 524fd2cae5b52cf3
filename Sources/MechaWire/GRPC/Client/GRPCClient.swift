import MechaProto
import NIOCore
import NIOHTTP1
import SwiftProtobuf

/// Calls the gRPC services of one origin over an ``HTTPClient``.
///
/// Works on an event loop, where the call then stays, and off it. Cancelling the task gives the call up
/// (the server sees its stream reset). What goes wrong with a call is thrown as a ``GRPCStatus``; closures
/// may throw what they like.
public struct GRPCClient: Sendable {
    let http: HTTPClient
    let origin: Origin
    let limits: GRPCLimits

    /// - Parameter origin: spoken to by HTTP/2, whatever its version says.
    public init(_ http: HTTPClient, origin: Origin, limits: GRPCLimits = .init()) {
        self.http = http
        self.origin = Origin(origin.address, version: .http2, tls: origin.tls)
        self.limits = limits
    }

    /// One request, one response.
    package func unary<Request, Response>(
        _ rpc: RPC<Request, Response>, _ request: Request, options: GRPCCallOptions = .init()
    ) async throws -> GRPCResponse<Response> {
        let frame = try GRPCMessageCoding.encode(request, gzip: options.isCompressed, limits: limits)
        return try await perform(rpc.method, options) { stream in
            stream.sendLast(frame)
            return try await GRPCClientCall<Request, Response>(stream, isCompressed: options.isCompressed).onlyResponse()
        }
    }

    /// One request, many responses, which `body` reads. When it returns, the call is given up if it is not over.
    package func serverStreaming<Request, Response, Result: Sendable>(
        _ rpc: RPC<Request, Response>, _ request: Request, options: GRPCCallOptions = .init(),
        _ body: @escaping @Sendable (GRPCClientCall<Request, Response>) async throws -> Result
    ) async throws -> Result {
        let frame = try GRPCMessageCoding.encode(request, gzip: options.isCompressed, limits: limits)
        return try await perform(rpc.method, options) { stream in
            stream.sendLast(frame)
            return try await body(GRPCClientCall(stream, isCompressed: options.isCompressed))
        }
    }

    /// Many requests, which `body` sends; one response.
    package func clientStreaming<Request, Response>(
        _ rpc: RPC<Request, Response>, options: GRPCCallOptions = .init(),
        _ body: @escaping @Sendable (GRPCClientCall<Request, Response>) async throws -> Void
    ) async throws -> GRPCResponse<Response> {
        try await bidirectional(rpc, options: options) { call in
            do {
                try await body(call)
                call.finishSending()
            } catch let status as GRPCStatus where status.code == .cancelled {
                // The server answered early, and its status says more than "cannot send on".
            }
            return try await call.onlyResponse()
        }
    }

    /// Many requests and many responses, in any order; `body` sends and reads. When it returns, the call
    /// is given up if it is not over.
    package func bidirectional<Request, Response, Result: Sendable>(
        _ rpc: RPC<Request, Response>, options: GRPCCallOptions = .init(),
        _ body: @escaping @Sendable (GRPCClientCall<Request, Response>) async throws -> Result
    ) async throws -> Result {
        try await perform(rpc.method, options) { stream in
            stream.sendHead()
            return try await body(GRPCClientCall(stream, isCompressed: options.isCompressed))
        }
    }
}
