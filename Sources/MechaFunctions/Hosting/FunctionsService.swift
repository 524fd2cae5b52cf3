import MechaInvocation
import MechaWire
import NIOCore
import NIOHTTP1

/// Answers requests of the functions' listener. A request is for the function whose HTTP trigger takes its host and
/// path; else for the one that its header `id` names, as Layotto has it; else for the one that the path begins with:
/// `/hello/some/path` calls `hello` at `/some/path`, `/hello@dev/...` through the alias `dev`, `/hello@3/...` at
/// revision 3.
public final class FunctionsService: HTTPService {
    private let base: FunctionBase

    public init(_ base: FunctionBase) { self.base = base }

    public func handle(_ exchange: ServerExchange) {
        if let path = GRPCServerCall.path(of: exchange) { return handle(exchange, grpc: path) }
        let head = exchange.head
        let uri = head.uri
        // In bytes: characters would cost more than all the rest here.
        let path = uri[..<(uri.utf8.firstIndex(of: UInt8(ascii: "?")) ?? uri.endIndex)]
        if let (function, alias) = base.trigger(host: head.headers.first(name: "host"), path: path, method: head.method.rawValue) {
            return call(function, uri[...], alias: alias, exchange)
        }
        if let id = head.headers.first(name: "id"), let function = base.function(routeID: id) {
            return call(function, uri[...], alias: nil, exchange)
        }
        guard let address = FunctionAddress(path: path), let function = base[address.function] else {
            return exchange.respond(
                status: .notFound, headers: ["content-type": "application/json"],
                body: FunctionAnswer.error("ERR_FUNCTION_NOT_FOUND", "no function is called by this request; see mecha fn list"))
        }
        let rest = uri[address.end...]
        call(function, rest.utf8.first == UInt8(ascii: "/") ? rest : "/\(rest)", alias: address.alias, exchange)
    }

    /// A call of gRPC: the message's bytes are the body, of the request and of the answer.
    private func handle(_ exchange: ServerExchange, grpc path: String) {
        guard let (function, alias) = base.trigger(grpc: path), let app = function.app?.runtime.app else {
            return exchange.respondGRPC(GRPCStatus(.unimplemented, "no function is called by \(path)"))
        }
        let limits = GRPCLimits(messageBytes: function.requestBytesAtMost)
        let headers = exchange.head.headers
        _ = GRPCServerCall.serve(exchange, limits: limits) { message, call in
            var forwarded = HTTPHeaders()
            for (name, value) in headers where !Self.isOfGRPC(name) { forwarded.add(name: name, value: value) }
            forwarded.replaceOrAdd(name: FunctionChannel.entranceHeader, value: alias)
            let answer: AppResponse
            do throws(InvocationError) {
                answer = try await app.invoke(
                    AppRequest(
                        .POST, try MethodPath(target: path), headers: forwarded, carriesMetadata: true,
                        contentType: "application/grpc+proto", body: message),
                    deadline: call.deadline)
            } catch {
                throw GRPCStatus(.unavailable, error.message)
            }
            // A guest may answer with a status of gRPC itself.
            if let code = answer.headers.first(name: "grpc-status").flatMap({ Int($0) }), code != 0 {
                throw GRPCStatus(GRPCStatus.Code(rawValue: code), answer.headers.first(name: "grpc-message") ?? "")
            }
            switch answer.outcome {
            case .grpc(let status) where status.code != .ok: throw status
            case .http(let status) where !(200..<300).contains(status.code):
                throw GRPCStatus(.init(invocationStatus: status), "the function answered \(status.code)")
            default: return answer.body
            }
        }
    }

    private static func isOfGRPC(_ name: String) -> Bool {
        ["content-type", "te", "grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "host", "content-length"].contains(
            name.lowercased())
    }

    private func call(_ function: Function, _ target: Substring, alias: String?, _ exchange: ServerExchange) {
        guard let app = function.app?.runtime.app else {
            return Self.refuse(exchange, InvocationError(.appNotFound, "the function is gone"))
        }
        // A trigger's alias is not the caller's to choose.
        if let alias { exchange.head.headers.replaceOrAdd(name: FunctionChannel.entranceHeader, value: alias) }
        do throws(InvocationError) {
            app.forward(StreamedCall(exchange, method: try MethodPath(target: target), onFailure: Self.refuse))
        } catch {
            Self.refuse(exchange, error)
        }
    }

    @Sendable private static func refuse(_ exchange: ServerExchange, _ error: InvocationError) {
        let status: HTTPResponseStatus =
            switch error.code {
            case .invalidTarget, .invalidMethod: .badRequest
            case .appNotFound: .notFound
            case .denied: .forbidden
            case .tooLarge: .payloadTooLarge
            case .timeout, .policyTimeout: .gatewayTimeout
            case .overloaded, .appUnhealthy, .unavailable, .refusedByPolicy: .serviceUnavailable
            default: .internalServerError
            }
        var headers: HTTPHeaders = ["content-type": "application/json"]
        if status == .serviceUnavailable { headers.add(name: "retry-after", value: "1") }
        exchange.respond(status: status, headers: headers, body: FunctionAnswer.error("ERR_DIRECT_INVOKE", error.message))
    }
}
