import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1

/// A failure in Dapr's terms: what its HTTP API answers and what its gRPC API answers.
struct DaprError: Error, Sendable {
    var status: HTTPResponseStatus
    /// `errorCode` of the HTTP body.
    var code: String
    var grpcCode: GRPCStatus.Code
    var message: String
    /// Present for the rich form: `reason` of the ErrorInfo detail.
    var reason: String?
    var resource: Resource?
    var metadata: [String: String] = [:]

    /// The ResourceInfo detail.
    struct Resource: Sendable {
        var type: String
        var name: String
    }

    init(
        _ status: HTTPResponseStatus, _ code: String, _ grpcCode: GRPCStatus.Code, _ message: String,
        reason: String? = nil, resource: Resource? = nil, metadata: [String: String] = [:]
    ) {
        self.status = status
        self.code = code
        self.grpcCode = grpcCode
        self.message = message
        self.reason = reason
        self.resource = resource
        self.metadata = metadata
    }

    /// Domain of every ErrorInfo detail.
    static let domain = "dapr.io"

    /// The JSON body of the HTTP form: simple, or with `details` where Dapr has them.
    var json: JSON {
        var members: [JSON.Member] = [.init("errorCode", .string(code)), .init("message", .string(message))]
        if let reason {
            var details: [JSON] = [
                .object([
                    .init("@type", "type.googleapis.com/google.rpc.ErrorInfo"),
                    .init("domain", .string(Self.domain)),
                    .init("metadata", .object(metadata.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })),
                    .init("reason", .string(reason)),
                ])
            ]
            if let resource {
                details.append(
                    .object([
                        .init("@type", "type.googleapis.com/google.rpc.ResourceInfo"),
                        .init("resource_name", .string(resource.name)),
                        .init("resource_type", .string(resource.type)),
                    ]))
            }
            members.append(.init("details", .array(details)))
        }
        return .object(members)
    }
}

extension DaprError {
    static func malformed(_ problem: String) -> DaprError {
        DaprError(.badRequest, "ERR_MALFORMED_REQUEST", .invalidArgument, "failed deserializing HTTP body: \(problem)")
    }

    static func badRequest(_ problem: String) -> DaprError {
        DaprError(.badRequest, "ERR_BAD_REQUEST", .invalidArgument, "invalid request: \(problem)")
    }

    static func bodyRead(_ problem: String) -> DaprError {
        DaprError(.badRequest, "ERR_BODY_READ", .invalidArgument, "failed to read request body: \(problem)")
    }

    static func unimplemented(_ api: String) -> DaprError {
        DaprError(.notImplemented, "ERR_API_UNIMPLEMENTED", .unimplemented, "\(api) API is not implemented in this runtime")
    }

    /// A path that is no route of the API and names no app to invoke.
    static let noAppID = DaprError(
        .notFound, "ERR_DIRECT_INVOKE", .notFound,
        "failed getting app id either from the URL path or the header dapr-app-id")
}
