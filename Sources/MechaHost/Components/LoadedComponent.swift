import MechaCore
import MechaManifest

/// A component as one app has it loaded.
struct LoadedComponent: Sendable {
    let resource: ComponentResource
    let descriptor: ComponentDescriptor
    /// Resolved, secrets included: never shown.
    let metadata: ComponentMetadata
    let instance: any Component
    let lease: ComponentLease

    var name: String { resource.name }
    var status: ComponentStatus { instance.status }

    /// Capability names for the metadata API.
    var capabilities: [String] {
        switch instance {
        case let store as any StateStore:
            let isActorReady = store.features.isSuperset(of: [.etag, .transactional])
            return store.features.names + (isActorReady ? ["ACTOR"] : [])
        case let store as any SecretStore: return store.features
        case let broker as any PubSub: return broker.features.names
        case is any InputBinding & OutputBinding: return ["INPUT_BINDING", "OUTPUT_BINDING"]
        case is any InputBinding: return ["INPUT_BINDING"]
        case is any OutputBinding: return ["OUTPUT_BINDING"]
        default: return descriptor.capabilities
        }
    }
}
