import MechaCore
import MechaCron
import MechaFunctions
import MechaHTTPBinding
import MechaHost
import MechaInMemory
import MechaKafka
import MechaLocalSecrets
import MechaLocalStorage
import MechaMQTT
import MechaMiddleware
import MechaNATS
import MechaNameResolution
import MechaRabbitMQ
import MechaRedis
import MechaSQLite

extension ComponentCatalog {
    /// Every component of Mecha: adding one is one target and one line here.
    public static let mecha = ComponentCatalog(
        [
            InMemoryStateStore.descriptor,
            InMemoryPubSub.descriptor,
            SQLiteStateStore.descriptor,
            SQLitePubSub.descriptor,
            RedisStateStore.descriptor,
            CronBinding.descriptor,
            RedisPubSub.descriptor,
            RedisBinding.descriptor,
            JetStreamPubSub.descriptor,
            HTTPBinding.descriptor,
            LocalStorageBinding.descriptor,
            MQTTPubSub.descriptor,
            MQTTBinding.descriptor,
            RabbitPubSub.descriptor,
            RabbitBinding.descriptor,
            BearerMiddleware.descriptor,
            OAuth2Middleware.descriptor,
            ClientCredentialsMiddleware.descriptor,
            RateLimitMiddleware.descriptor,
            RouterAliasMiddleware.descriptor,
            RouterCheckerMiddleware.descriptor,
            UppercaseMiddleware.descriptor,
            WasmMiddleware.descriptor(variables: [:]) {
                WasmFunctionLoader(WasmFunctionOptions(cacheDirectory: "\($0.dataDirectory)/functions/cache"))
            },
            FileSecretStore.descriptor,
            EnvironmentSecretStore.descriptor,
            RegistryResolver.descriptor,
            StaticResolver.descriptor,
            DNSResolver.descriptor,
            MDNSResolver.descriptor,
        ] + kafka, planned: ReferenceComponents.types, otherBuilds: otherBuilds)

    /// The traits of the package that components depend on, by type.
    static let traits = ["pubsub.kafka": "Kafka", "bindings.kafka": "Kafka"]

    #if Kafka
    private static let kafka = [KafkaPubSub.descriptor, KafkaBinding.descriptor]
    private static let otherBuilds: [String: String] = [:]
    #else
    private static let kafka: [ComponentDescriptor] = []
    /// What other builds contain, and how to get one.
    private static let otherBuilds = Dictionary(
        uniqueKeysWithValues: traits.map { type, trait in
            (type, "this build has no \(trait): install librdkafka (apt: librdkafka-dev) and build with `swift build --traits \(trait)`")
        })
    #endif

    /// The same in a process that runs modules with a loader of its own.
    static func mecha(wasm loader: WasmFunctionLoader, variables: [String: String]) -> ComponentCatalog {
        let filter = WasmMiddleware.descriptor(variables: variables) { _ in loader }
        return ComponentCatalog(
            mecha.descriptors.map { $0.type == filter.type ? filter : $0 }, planned: mecha.planned, otherBuilds: otherBuilds)
    }
}
