import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1

// Calls in memory that leave this process.
extension Invoker {
    /// A call to an app behind another runtime, made again while that runtime did nothing with it.
    func invokeRemote(
        _ request: AppRequest, at callee: AppAddress, forwarder: Forwarder, deadline: NIODeadline?, retry: InvocationRetry
    ) async throws(InvocationError) -> AppResponse {
        var retries = 0
        while true {
            do throws(InvocationError) {
                return try await attemptRemote(request, at: callee, forwarder: forwarder, deadline: deadline)
            } catch {
                guard error.didNothing, retries < retry.retriesAtMost, !Task.isCancelled else { throw error }
                retries += 1
                try? await Task.sleep(for: .nanoseconds(retry.interval.nanoseconds))
            }
        }
    }

    private func attemptRemote(
        _ request: AppRequest, at callee: AppAddress, forwarder: Forwarder, deadline: NIODeadline?
    ) async throws(InvocationError) -> AppResponse {
        guard let directory else { throw InvocationError(.appNotFound, "no address is known of app \(callee.appID)") }
        let context = client.loops.any()
        let peers = directory.on(context)
        let endpoint = try await withCheckedContinuation { continuation in
            context.runOnLoop { peers.take(callee) { continuation.resume(returning: $0) } }
        }.get()
        let head = peerHead(of: request, for: callee, forwarder)
        do throws(InvocationError) {
            let response = try await client.call(
                head, body: request.body, at: PeerLink.origin(endpoint, tls: peerTLS), callee: callee.appID,
                bodyBytesAtMost: limits.collectedBodyBytes, deadline: deadline, isPeer: true)
            context.runOnLoop { peers.ended(callee, endpoint) }
            return response
        } catch {
            let didNothing = error.didNothing
            context.runOnLoop { didNothing ? peers.failed(callee, endpoint) : peers.ended(callee, endpoint) }
            throw error
        }
    }

    /// A call to a service outside of the mesh.
    func invoke(
        _ request: AppRequest, at endpoint: HTTPEndpoint, deadline: NIODeadline?
    ) async throws(InvocationError) -> AppResponse {
        let incoming = HTTPRequestHead(
            version: .http1_1, method: try request.requireVerb(), uri: request.method.target, headers: request.httpHeaders)
        let head = endpoint.head(incoming, request.method, .init(trace: request.trace))
        return try await client.call(
            head, body: request.body, at: endpoint.url.origin(tls: endpoint.tls), callee: endpoint.name,
            bodyBytesAtMost: limits.collectedBodyBytes, deadline: deadline, through: endpointPipeline)
    }

    /// The head of a call to another runtime, which hands metadata on as metadata if its app speaks gRPC.
    private func peerHead(of request: AppRequest, for callee: AppAddress, _ forwarder: Forwarder) -> HTTPRequestHead {
        var headers = request.headers
        if let contentType = request.contentType { headers.replaceOrAdd(name: "content-type", value: contentType) }
        let form: PeerLink.Form = request.verb == nil ? .verbless : request.carriesMetadata ? .metadata : .http
        return RequestHeaders.head(
            HTTPRequestHead(
                version: .http1_1, method: request.verb ?? .POST, uri: request.method.target, headers: headers),
            target: request.method.target,
            .init(
                forwarder: forwarder, caller: request.caller, callee: callee, trace: request.trace,
                more: PeerLink.marks(for: callee, form, typeURL: request.typeURL)))
    }
}

extension LoopContext {
    /// Runs `body` on this loop: now, when it is the calling one.
    func runOnLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.inEventLoop { body() } else { loop.execute(body) }
    }
}
