import MechaCore
import MechaInvocation
import MechaManifest
import MechaMessaging
import MechaPolicies

/// What an app's resources amount to at one moment. Immutable: a reload makes a new one and swaps it,
/// and a request in flight finishes on the one that it began with.
struct AppSnapshot: Sendable {
    /// False until the resources were loaded for the first time.
    var isLoaded = false
    /// What the files say; ``resources`` has the embedded defaults where they say nothing.
    var declared = ResourceSet()
    var resources = ResourceSet()
    var configuration = ConfigurationSpec()
    /// What the Resiliency resources amount to.
    var policies = PolicyTable.empty
    var components: [LoadedComponent] = []
    var stateStores: [String: StateBinding] = [:]
    var secretStores: [String: SecretBinding] = [:]
    var pubsubs: [String: PubSubBinding] = [:]
    var outputBindings: [String: any OutputBinding] = [:]
    /// What output bindings are called under, where there is something.
    var outputPolicies: [String: Policy] = [:]
    var inputBindings: [InputBindingSource] = []
    /// By state store.
    var outboxes: [String: Outbox] = [:]
    var httpEndpoints: [String: HTTPEndpoint] = [:]

    /// The running component whose resource is declared in the same words.
    func running(_ resource: ComponentResource) -> LoadedComponent? {
        components.first { $0.resource.hasSameContent(as: resource) }
    }
}
