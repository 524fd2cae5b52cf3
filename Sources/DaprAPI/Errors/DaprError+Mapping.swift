import MechaCore
import MechaHost
import MechaInvocation
import MechaWire
import NIOHTTP1

extension DaprError {
    /// The one place where failures of capabilities become Dapr's codes (Appendix C of the Dapr surface).
    init(_ error: any Error, appID: String) {
        switch error {
        case let error as DaprError: self = error
        case let error as RuntimeError: self = Self.from(error, appID: appID)
        case let error as JSONError: self = .malformed(error.description)
        case let error as InvocationError: self = Self.from(error)
        case let error as WireError: self = Self.from(error)
        case let error as CapabilityError:
            self.init(.internalServerError, "ERR_INTERNAL", .internal, error.message)
        case is CancellationError:
            self.init(.init(statusCode: 499), "ERR_INTERNAL", .cancelled, "the request was cancelled")
        default:
            self.init(.internalServerError, "ERROR", .unknown, "\(error)")
        }
    }

    private static func from(_ error: WireError) -> DaprError {
        switch error.code {
        case .tooLarge: DaprError(.payloadTooLarge, "ERR_BODY_READ", .resourceExhausted, error.message)
        case .timeout: DaprError(.gatewayTimeout, "ERR_INTERNAL", .deadlineExceeded, error.message)
        case .cancelled: DaprError(.init(statusCode: 499), "ERR_INTERNAL", .cancelled, error.message)
        case .overloaded: DaprError(.serviceUnavailable, "ERR_INTERNAL", .resourceExhausted, error.message)
        default: .bodyRead(error.message)
        }
    }

    private static func from(_ error: InvocationError) -> DaprError {
        let code = "ERR_DIRECT_INVOKE"
        return switch error.code {
        case .invalidTarget, .invalidMethod: DaprError(.badRequest, code, .invalidArgument, error.message)
        case .denied: DaprError(.forbidden, code, .permissionDenied, error.message)
        case .tooLarge: DaprError(.payloadTooLarge, code, .resourceExhausted, error.message)
        case .overloaded: DaprError(.serviceUnavailable, code, .resourceExhausted, error.message)
        case .timeout: DaprError(.gatewayTimeout, code, .deadlineExceeded, error.message)
        case .cancelled: DaprError(.init(statusCode: 499), code, .cancelled, error.message)
        case .unavailable, .connectionLost: DaprError(.internalServerError, code, .unavailable, error.message)
        default: DaprError(.internalServerError, code, .internal, error.message)
        }
    }

    private static func from(_ error: RuntimeError, appID: String) -> DaprError {
        let store = error.resource.map { Resource(type: "state", name: $0) }
        func state(_ status: HTTPResponseStatus, _ code: String, _ grpc: GRPCStatus.Code, _ reason: String) -> DaprError {
            DaprError(status, code, grpc, error.message, reason: reason, resource: store, metadata: ["appID": appID])
        }
        switch error.code {
        case .starting: return DaprError(.serviceUnavailable, "ERR_OUTBOUND_HEALTH_NOT_READY", .unavailable, error.message)
        case .stateStoresNotConfigured:
            return state(.internalServerError, "ERR_STATE_STORE_NOT_CONFIGURED", .failedPrecondition, "DAPR_STATE_NOT_CONFIGURED")
        case .stateStoreNotFound:
            return state(.badRequest, "ERR_STATE_STORE_NOT_FOUND", .invalidArgument, "DAPR_STATE_NOT_FOUND")
        case .stateIllegalKey:
            return state(.badRequest, "ERR_MALFORMED_REQUEST", .invalidArgument, "DAPR_STATE_ILLEGAL_KEY")
        case .stateTransactionsUnsupported:
            return state(
                .internalServerError, "ERR_STATE_STORE_NOT_SUPPORTED", .unimplemented, "DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED")
        case .stateTooManyOperations:
            return state(
                .badRequest, "ERR_STATE_STORE_TOO_MANY_TRANSACTIONS", .invalidArgument, "DAPR_STATE_TOO_MANY_TRANSACTIONS")
        case .stateQueryUnsupported:
            return state(.internalServerError, "ERR_STATE_STORE_NOT_SUPPORTED", .internal, "DAPR_STATE_QUERYING_NOT_SUPPORTED")
        case .stateQuery:
            return state(.internalServerError, "ERR_STATE_QUERY", .internal, "DAPR_STATE_QUERY_FAILED")
        case .stateOperationUnsupported:
            return DaprError(.badRequest, "ERR_NOT_SUPPORTED_STATE_OPERATION", .invalidArgument, error.message)
        case .stateGet: return component(error, "ERR_STATE_GET")
        case .stateBulkGet: return component(error, "ERR_STATE_BULK_GET")
        case .stateSave: return component(error, "ERR_STATE_SAVE")
        case .stateDelete: return component(error, "ERR_STATE_DELETE")
        case .stateTransaction: return component(error, "ERR_STATE_TRANSACTION")
        case .secretStoresNotConfigured:
            return DaprError(.internalServerError, "ERR_SECRET_STORES_NOT_CONFIGURED", .failedPrecondition, error.message)
        case .secretStoreNotFound:
            return DaprError(.unauthorized, "ERR_SECRET_STORE_NOT_FOUND", .invalidArgument, error.message)
        case .secretDenied:
            return DaprError(.forbidden, "ERR_PERMISSION_DENIED", .permissionDenied, error.message)
        case .secretGet: return DaprError(.internalServerError, "ERR_SECRET_GET", .internal, error.message)
        case .binding: return DaprError(.internalServerError, "ERR_INVOKE_OUTPUT_BINDING", .internal, error.message)
        default: return pubsub(error, appID: appID) ?? DaprError(.internalServerError, "ERR_INTERNAL", .internal, error.message)
        }
    }

    private static func pubsub(_ error: RuntimeError, appID: String) -> DaprError? {
        let component = Resource(type: "pubsub", name: error.resource ?? "")
        func pubsub(_ status: HTTPResponseStatus, _ code: String, _ grpc: GRPCStatus.Code, _ reason: String) -> DaprError {
            DaprError(status, code, grpc, error.message, reason: reason, resource: component, metadata: ["appID": appID])
        }
        return switch error.code {
        case .pubsubNameEmpty: pubsub(.notFound, "ERR_PUBSUB_EMPTY", .invalidArgument, "DAPR_PUBSUB_NAME_EMPTY")
        case .pubsubsNotConfigured: pubsub(.badRequest, "ERR_PUBSUB_NOT_CONFIGURED", .failedPrecondition, "DAPR_PUBSUB_NOT_CONFIGURED")
        case .pubsubNotFound: pubsub(.notFound, "ERR_PUBSUB_NOT_FOUND", .invalidArgument, "DAPR_PUBSUB_NOT_FOUND")
        case .topicEmpty: pubsub(.notFound, "ERR_TOPIC_NAME_EMPTY", .invalidArgument, "DAPR_PUBSUB_TOPIC_NAME_EMPTY")
        case .pubsubForbidden: pubsub(.forbidden, "ERR_PUBSUB_FORBIDDEN", .permissionDenied, "DAPR_PUBSUB_FORBIDDEN")
        case .pubsubMetadata:
            pubsub(.badRequest, "ERR_PUBSUB_REQUEST_METADATA", .invalidArgument, "DAPR_PUBSUB_METADATA_DESERIALIZATION")
        case .pubsubCloudEvent:
            pubsub(.internalServerError, "ERR_PUBSUB_CLOUD_EVENTS_SER", .invalidArgument, "DAPR_PUBSUB_CLOUD_EVENT_CREATION")
        case .pubsubMarshalEvents: pubsub(.badRequest, "ERR_PUBSUB_EVENTS_SER", .invalidArgument, "DAPR_PUBSUB_MARSHAL_EVENTS")
        case .pubsubUnmarshalEvents: pubsub(.badRequest, "ERR_PUBSUB_EVENTS_SER", .invalidArgument, "DAPR_PUBSUB_UNMARSHAL_EVENTS")
        case .pubsubPublish: pubsub(.internalServerError, "ERR_PUBSUB_PUBLISH_MESSAGE", .internal, "DAPR_PUBSUB_PUBLISH_MESSAGE")
        default: nil
        }
    }

    /// A component's own failure under the code of the API that called it: etags have their own statuses.
    private static func component(_ error: RuntimeError, _ code: String) -> DaprError {
        switch error.capabilityCode {
        case .etagMismatch: DaprError(.conflict, code, .aborted, error.message)
        case .etagInvalid: DaprError(.badRequest, code, .invalidArgument, error.message)
        default: DaprError(.internalServerError, code, .internal, error.message)
        }
    }
}
