import FoundationEssentials
import MechaCore
import MechaHost
import MechaInvocation
import MechaProto
import MechaWire
import NIOCore
import NIOHTTP1
import SwiftProtobuf

/// InvokeService (section 2.1 of the Dapr surface): an invocation with its whole body in one message.
struct InvocationCalls: Sendable {
    let app: AppRuntime

    func invoke(
        _ request: Dapr_Proto_Runtime_V1_InvokeServiceRequest, _ call: GRPCServerCall
    ) async throws -> Dapr_Proto_Common_V1_InvokeResponse {
        guard let invoker = app.invoker else { throw InvocationError(.unavailable, "the runtime is still starting") }
        let message = request.message
        let target = try invoker.target(request.id)
        let outgoing = AppRequest(
            HTTPMethod(message.httpExtension), try MethodPath(message.method[...], query: message.httpExtension.querystring[...]),
            headers: HTTPHeaders(call.metadata.map { ($0.name, $0.value) }), carriesMetadata: true,
            contentType: message.contentType.isEmpty ? nil : message.contentType, body: ByteBuffer(bytes: message.data.value),
            typeURL: message.data.typeURL,
            trace: (call.attachment as? AppTelemetry.FollowedCall)?.context)
        let answer = try await invoker.invoke(outgoing, at: target, deadline: call.deadline)
        var metadata = GRPCMetadata()
        for (name, value) in answer.headers { _ = metadata.add(name.lowercased(), value) }
        call.responseMetadata = metadata

        switch answer.outcome {
        case .grpc(let status) where status.code != .ok: throw status
        case .http(let status) where !(200..<300).contains(status.code): throw GRPCStatus(appStatus: status, body: answer.body)
        default: break
        }
        return .with {
            $0.contentType = answer.contentType ?? ""
            $0.data = .with {
                $0.typeURL = answer.typeURL
                $0.value = Data(answer.body.readableBytesView)
            }
        }
    }
}

extension HTTPMethod {
    /// Nil when the caller set no verb, as callers of gRPC apps do.
    init?(_ http: Dapr_Proto_Common_V1_HTTPExtension) {
        switch http.verb {
        case .none, .UNRECOGNIZED: return nil
        case .get: self = .GET
        case .head: self = .HEAD
        case .post: self = .POST
        case .put: self = .PUT
        case .delete: self = .DELETE
        case .connect: self = .CONNECT
        case .options: self = .OPTIONS
        case .trace: self = .TRACE
        case .patch: self = .PATCH
        }
    }
}

extension GRPCStatus {
    /// What an HTTP app's error answer is to a gRPC caller; its body is the message, up to 1 KiB of text.
    init(appStatus status: HTTPResponseStatus, body: ByteBuffer) {
        let code: Code =
            switch status.code {
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .notFound
            case 408: .cancelled
            case 409: .alreadyExists
            case 429: .resourceExhausted
            case 501: .unimplemented
            case 503: .unavailable
            case 504: .deadlineExceeded
            default: .unknown
            }
        self.init(code, status.reasonPhrase)
        var info = Google_Rpc_ErrorInfo()
        info.reason = status.reasonPhrase
        info.domain = DaprError.domain
        info.metadata = ["http.code": String(status.code), "http.error_message": String(buffer: body.prefix(1 << 10))]
        attach(info)
    }
}

extension ByteBuffer {
    fileprivate func prefix(_ count: Int) -> ByteBuffer { getSlice(at: readerIndex, length: min(count, readableBytes)) ?? self }
}
