import MechaCore
import MechaMessaging
import MechaPolicies
import NIOCore

/// The inbound policies of the snapshot in force around each delivery.
struct InboundPolicies: DeliveryPolicy {
    private let reference: RuntimeReference

    init(_ reference: RuntimeReference) { self.reference = reference }

    func run(
        component: String, _ block: DeliveryBlock, _ attempt: @escaping @Sendable (_ deadline: NIODeadline?) async -> DeliveryAttempt
    ) async -> DeliveryAttempt {
        let policy = reference.runtime?.policies.component(component, block == .pubsub ? .pubsub : .binding, .inbound)
        guard let policy else { return await attempt(nil) }
        do {
            return try await policy.run(judgedBy: Self.judge) { _ in await attempt(nil) }
        } catch {
            return .failed(.other, "\(error)")
        }
    }

    /// A refusal is the subscriber's decision, which another attempt would not change.
    private static func judge(_ result: Result<DeliveryAttempt, any Error>) -> PolicyOutcome {
        switch result {
        case .success(.failed(let failure, _)): .failure(failure)
        case .success: .success
        case .failure: .failure(.other)
        }
    }
}
