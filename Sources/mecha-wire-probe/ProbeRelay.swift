import MechaProto
import MechaWire
import SwiftProtobuf

/// `mecha.probe.Relay`: each call is made once more, by ``GRPCClient``, to the `mecha.probe.Echo` of the
/// server at the port in `x-target`. Lets a test drive our client against a server that is not ours.
///
/// Other metadata under `x-` and the deadline go along; with `x-gzip` the onward call is compressed.
struct ProbeRelay: Sendable {
    private typealias Bytes = Google_Protobuf_BytesValue
    private typealias Number = Google_Protobuf_UInt32Value

    let http: HTTPClient
    let limits: GRPCLimits

    func register(in router: inout GRPCRouter) {
        router.unary(relay("Unary", Bytes.self, Bytes.self)) { request, call in
            try await answer(call) { try await $0.unary(echo("Unary"), request, options: $1) }
        }
        router.unary(relay("Fail", Google_Rpc_Status.self, Google_Protobuf_Empty.self)) { request, call in
            try await answer(call) { try await $0.unary(echo("Fail"), request, options: $1) }
        }
        router.unary(relay("Sleep", Number.self, Google_Protobuf_Empty.self)) { request, call in
            try await answer(call) { try await $0.unary(echo("Sleep"), request, options: $1) }
        }
        router.serverStreaming(relay("Count", Number.self, Number.self)) { request, responses, call in
            let (client, options) = try onward(call)
            try await client.serverStreaming(echo("Count", Number.self, Number.self), request, options: options) { upstream in
                while let response = try await upstream.next() { try await responses.send(response) }
            }
        }
        router.clientStreaming(relay("Sum", Number.self, Number.self)) { requests, call in
            try await answer(call) { client, options in
                try await client.clientStreaming(echo("Sum", Number.self, Number.self), options: options) { upstream in
                    while let request = try await requests.next() { try await upstream.send(request) }
                }
            }
        }
        router.bidirectional(relay("Chat", Bytes.self, Bytes.self)) { requests, responses, call in
            let (client, options) = try onward(call)
            try await client.bidirectional(echo("Chat", Bytes.self, Bytes.self), options: options) { upstream in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        while let request = try await requests.next() { try await upstream.send(request) }
                        upstream.finishSending()
                    }
                    while let response = try await upstream.next() { try await responses.send(response) }
                    group.cancelAll()
                }
            }
        }
    }

    private func relay<Request, Response>(_ name: String, _: Request.Type, _: Response.Type) -> RPC<Request, Response> {
        RPC("mecha.probe.Relay", name, path: "/mecha.probe.Relay/\(name)")
    }

    private func echo<Request, Response>(
        _ name: String, _: Request.Type = Request.self, _: Response.Type = Response.self
    ) -> RPC<Request, Response> {
        RPC("mecha.probe.Echo", name, path: "/mecha.probe.Echo/\(name)")
    }

    /// The only response of the onward call, its metadata passed on.
    private func answer<Response: Sendable>(
        _ call: GRPCServerCall, _ body: (GRPCClient, GRPCCallOptions) async throws -> GRPCResponse<Response>
    ) async throws -> Response {
        let (client, options) = try onward(call)
        let response = try await body(client, options)
        call.responseMetadata = visible(response.metadata)
        call.trailingMetadata = visible(response.trailingMetadata)
        return response.message
    }

    private func onward(_ call: GRPCServerCall) throws(GRPCStatus) -> (GRPCClient, GRPCCallOptions) {
        guard let port = call.metadata["x-target"].flatMap({ Int($0) }) else {
            throw GRPCStatus(.invalidArgument, "x-target is missing, expected a port")
        }
        let client = GRPCClient(http, origin: Origin(.tcp(host: "127.0.0.1", port: port)), limits: limits)
        let isCompressed = call.metadata["x-gzip"] != nil
        return (client, GRPCCallOptions(metadata: visible(call.metadata), deadline: call.deadline, isCompressed: isCompressed))
    }

    private func visible(_ metadata: GRPCMetadata) -> GRPCMetadata {
        var visible = GRPCMetadata()
        for (name, value) in metadata where name.hasPrefix("x-") { visible.add(name, value) }
        return visible
    }
}
