import MechaCore
import MechaProto
import NIOCore
import NIOHTTP1

// Where a call runs and what its request head says.
extension GRPCClient {
    /// Makes a stream, on the caller's event loop if it is on one, and has `body` use it.
    func perform<Result: Sendable>(
        _ method: RPCMethod, _ options: GRPCCallOptions, _ body: @escaping @Sendable (GRPCClientStream) async throws -> Result
    ) async throws -> Result {
        if let context = LoopContext.current { return try await perform(method, options, on: context, body) }
        let context = http.loops.any()
        return try await withTaskExecutorPreference(context.executor) {
            try await performConcurrently(method, options, on: context, body)
        }
    }

    /// Leaves the caller's actor, if it has one, for the loop that the task now prefers.
    @concurrent
    private func performConcurrently<Result: Sendable>(
        _ method: RPCMethod, _ options: GRPCCallOptions, on context: LoopContext,
        _ body: @escaping @Sendable (GRPCClientStream) async throws -> Result
    ) async throws -> Result {
        try await perform(method, options, on: context, body)
    }

    private func perform<Result: Sendable>(
        _ method: RPCMethod, _ options: GRPCCallOptions, on context: LoopContext,
        _ body: @Sendable (GRPCClientStream) async throws -> Result
    ) async throws -> Result {
        let stream = GRPCClientStream(client: http, context: context, limits: limits)
        return try await withTaskCancellationHandler {
            stream.start(head(of: method, options), to: origin, deadline: options.deadline)
            // Whatever is left unread or unsent is given up.
            defer { stream.fail(.cancelled) }
            return try await body(stream)
        } onCancel: {
            stream.cancelFromAnywhere()
        }
    }

    private static let userAgent = "grpc-mecha/\(MechaVersion.current)"

    private func head(of method: RPCMethod, _ options: GRPCCallOptions) -> HTTPRequestHead {
        var fields: HTTPHeaders = [
            "te": "trailers", "content-type": "application/grpc", "grpc-accept-encoding": GRPCEncoding.accepted,
            "user-agent": Self.userAgent,
        ]
        if options.isCompressed { fields.add(name: "grpc-encoding", value: GRPCEncoding.gzip.rawValue) }
        if let deadline = options.deadline {
            fields.add(name: "grpc-timeout", value: GRPCTimeout.format(deadline - .now()))
        }
        for (name, value) in options.metadata { fields.add(name: name, value: value) }
        return HTTPRequestHead(version: .http2, method: .POST, uri: method.path, headers: fields)
    }
}
