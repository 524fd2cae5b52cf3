import MechaManifest
import MechaResiliency
import MechaTelemetry

/// What a call goes to, as far as the names of default policies tell apart.
enum PolicyTargetKind: Sendable {
    case app
    case actor
    case component(ComponentBlock, ResiliencyMetrics.FlowDirection)

    /// What may stand in `Default<level>RetryPolicy` and its like, the narrowest first.
    var levels: [String] {
        switch self {
        case .app: return ["App", ""]
        case .actor: return ["Actor", ""]
        case .component(let block, let direction):
            let direction = direction == .inbound ? "Inbound" : "Outbound"
            return ["\(block.rawValue)Component\(direction)", "Component\(direction)", "Component", ""]
        }
    }

    /// The policies whose names make them apply to targets that name none.
    func defaultNames(in policies: NamedPolicies) -> ResiliencySpec.PolicyNames? {
        func first(_ suffix: String, _ isKnown: (String) -> Bool) -> String? {
            levels.lazy.map { "Default\($0)\(suffix)Policy" }.first(where: isKnown)
        }
        let names = ResiliencySpec.PolicyNames(
            timeout: first("Timeout") { policies.timeouts[$0] != nil },
            retry: first("Retry") { policies.retries[$0] != nil },
            circuitBreaker: first("CircuitBreaker") { policies.breakers[$0] != nil })
        return names.timeout == nil && names.retry == nil && names.circuitBreaker == nil ? nil : names
    }
}
