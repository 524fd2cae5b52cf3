import MechaCron
import MechaHTTPBinding
import MechaHost
import MechaInMemory
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
            FileSecretStore.descriptor,
            EnvironmentSecretStore.descriptor,
            RegistryResolver.descriptor,
            StaticResolver.descriptor,
            DNSResolver.descriptor,
            MDNSResolver.descriptor,
        ], planned: ReferenceComponents.types)
}
