import MechaCore
import MechaHost
import MechaInvocation

/// A call of the host that failed, as the guest is told it.
struct GuestFailure: Error, Sendable {
    var status: GuestStatus
    var message: String

    init(_ status: GuestStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// The one place where errors of the runtime become statuses.
    init(_ error: any Error) {
        switch error {
        case let error as GuestFailure: self = error
        case let error as RuntimeError: self.init(Self.status(error), error.message)
        case let error as CapabilityError: self.init(Self.status(error.code), error.message)
        case let error as InvocationError: self.init(Self.status(error.code), error.message)
        case let error as FunctionError: self.init(.failed, error.message)
        default: self.init(.failed, "\(error)")
        }
    }

    private static func status(_ error: RuntimeError) -> GuestStatus {
        switch error.code {
        case .stateStoresNotConfigured, .stateStoreNotFound, .secretStoresNotConfigured, .secretStoreNotFound,
            .pubsubsNotConfigured, .pubsubNotFound:
            .notFound
        case .secretDenied, .pubsubForbidden: .denied
        case .stateIllegalKey, .stateTooManyOperations, .pubsubNameEmpty, .topicEmpty, .pubsubMetadata, .pubsubCloudEvent: .invalid
        case .stateTransactionsUnsupported, .stateQueryUnsupported, .stateOperationUnsupported: .unimplemented
        case .starting: .unavailable
        default: error.capabilityCode.map(status) ?? .failed
        }
    }

    private static func status(_ code: CapabilityError.Code) -> GuestStatus {
        switch code {
        case .notFound: .notFound
        case .invalidArgument, .etagInvalid: .invalid
        case .etagMismatch: .conflict
        case .unsupported: .unimplemented
        case .permissionDenied: .denied
        case .unavailable, .closed: .unavailable
        case .timeout: .timeout
        case .resourceExhausted: .limit
        default: .failed
        }
    }

    private static func status(_ code: InvocationError.Code) -> GuestStatus {
        switch code {
        case .invalidTarget, .invalidMethod: .invalid
        case .appNotFound, .noAppChannel: .notFound
        case .denied: .denied
        case .unavailable, .appUnhealthy, .connectionLost, .refusedByPolicy: .unavailable
        case .overloaded, .tooLarge: .limit
        case .timeout, .policyTimeout: .timeout
        default: .failed
        }
    }
}
