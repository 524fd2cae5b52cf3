import MechaProto
import MechaWire
import SwiftProtobuf

/// The probe's gRPC services: health, reflection, and `mecha.probe.Echo`, which speaks in well-known types.
enum ProbeGRPC {
    private typealias Bytes = Google_Protobuf_BytesValue
    private typealias Number = Google_Protobuf_UInt32Value

    static func router(limits: GRPCLimits, client: HTTPClient, counters: ProbeCounters) -> GRPCRouter {
        var router = GRPCRouter(limits: limits, hooks: CountingHooks(counters: counters))
        addUnary(to: &router)
        addStreams(to: &router)
        ProbeRelay(http: client, limits: limits).register(in: &router)
        GRPCHealth().register(in: &router)
        router.refuse(DaprMethods.all, with: GRPCStatus(.unimplemented, "the probe is no runtime"))
        GRPCReflection.register(in: &router)
        return router
    }

    private static func rpc<Request, Response>(
        _ name: String, _ request: Request.Type, _ response: Response.Type, clientStreams: Bool = false, serverStreams: Bool = false
    ) -> RPC<Request, Response> {
        RPC(
            "mecha.probe.Echo", name, path: "/mecha.probe.Echo/\(name)", clientStreams: clientStreams, serverStreams: serverStreams)
    }

    /// - `Unary`: the same bytes; metadata under `x-` comes back before and after
    /// - `Fail`: answers with the status that it is sent
    /// - `Sleep`: answers after so many milliseconds, unless it is cancelled
    private static func addUnary(to router: inout GRPCRouter) {
        router.unary(rpc("Unary", Bytes.self, Bytes.self)) { request, call in
            var metadata = GRPCMetadata()
            for (name, value) in call.metadata where name.hasPrefix("x-") { metadata.add(name, value) }
            call.responseMetadata = metadata
            call.trailingMetadata = metadata
            return request
        }
        router.unary(rpc("Fail", Google_Rpc_Status.self, Google_Protobuf_Empty.self)) { request, _ in
            throw GRPCStatus(GRPCStatus.Code(rawValue: Int(request.code)), request.message, details: request.details)
        }
        router.unary(rpc("Sleep", Number.self, Google_Protobuf_Empty.self)) { request, _ in
            try await Task.sleep(for: .milliseconds(request.value))
            return Google_Protobuf_Empty()
        }
    }

    /// - `Count`: 0, 1, ... below the number it is sent
    /// - `Flood`: the same bytes for ever
    /// - `Sum`: of all requests
    /// - `Chat`: each request back, at once
    private static func addStreams(to router: inout GRPCRouter) {
        router.serverStreaming(rpc("Count", Number.self, Number.self, serverStreams: true)) { request, responses, _ in
            for number in 0..<request.value { try await responses.send(Number(number)) }
        }
        router.serverStreaming(rpc("Flood", Bytes.self, Bytes.self, serverStreams: true)) { request, responses, _ in
            while true { try await responses.send(request) }
        }
        router.clientStreaming(rpc("Sum", Number.self, Number.self, clientStreams: true)) { requests, _ in
            var sum: UInt32 = 0
            for try await request in requests { sum &+= request.value }
            return Number(sum)
        }
        router.bidirectional(rpc("Chat", Bytes.self, Bytes.self, clientStreams: true, serverStreams: true)) { requests, responses, _ in
            responses.sendHeaders()
            for try await request in requests { try await responses.send(request) }
        }
    }
}

/// Counts calls under way like the HTTP routes do, so that a test sees a handler that does not end.
private struct CountingHooks: GRPCServerHooks {
    let counters: ProbeCounters

    func began(_ call: GRPCServerCall) throws(GRPCStatus) { counters.exchangeBegan() }
    func ended(_ call: GRPCServerCall, code: GRPCStatus.Code) { counters.exchangeEnded() }
}
