/// The component types of the reference (section 8.1 of the Dapr surface). A declared type that is here
/// but not in the catalog is passed over with a warning; any other unknown type is an error.
enum ReferenceComponents {
    static let types = Set(blocks.flatMap { block, names in names.map { "\(block).\($0)" } })

    static let blocks: [(block: String, names: [String])] = [
        (
            "state",
            [
                "aerospike", "alicloud.tablestore", "aws.dynamodb", "azure.blobstorage", "azure.cosmosdb", "azure.tablestorage",
                "cassandra", "cloudflare.workerskv", "cockroachdb", "coherence", "couchbase", "etcd", "gcp.firestore",
                "hashicorp.consul", "hazelcast", "in-memory", "jetstream", "memcached", "mongodb", "mysql", "oci.objectstorage",
                "oracledatabase", "postgresql", "postgres", "yugabyte", "yugabytedb", "ravendb", "redis", "rethinkdb", "sqlite",
                "sqlite3", "sqlserver", "zookeeper",
            ]
        ),
        (
            "pubsub",
            [
                "aws.snssqs", "snssqs", "azure.eventhubs", "azure.servicebus.queues", "azure.servicebus.topics", "azure.servicebus",
                "gcp.pubsub", "in-memory", "jetstream", "kafka", "kubemq", "mqtt3", "mqtt", "pulsar", "rabbitmq", "redis",
                "rocketmq", "solace.amqp",
            ]
        ),
        (
            "bindings",
            [
                "alicloud.dingtalk.webhook", "alicloud.oss", "alicloud.sls", "alicloud.tablestore", "apns", "aws.dynamodb",
                "aws.kinesis", "aws.s3", "aws.ses", "aws.sns", "aws.sqs", "azure.blobstorage", "azure.cosmosdb",
                "azure.cosmosdb.gremlinapi", "azure.eventgrid", "azure.eventhubs", "azure.openai", "azure.servicebus.queues",
                "azure.signalr", "azure.storagequeues", "cloudflare.queues", "commercetools", "cron", "dubbo", "gcp.bucket",
                "gcp.pubsub", "graphql", "http", "huawei.obs", "influx", "kafka", "kitex", "kubemq", "kubernetes", "localstorage",
                "mqtt3", "mysql", "postgres", "postgresql", "postmark", "rabbitmq", "redis", "rethinkdb.statechange", "rocketmq",
                "sftp", "smtp", "twilio.sendgrid", "twilio.sms", "wasm", "zeebe.command", "zeebe.jobworker",
            ]
        ),
        (
            "secretstores",
            [
                "alicloud.parameterstore", "aws.parameterstore", "aws.secretmanager", "azure.keyvault", "gcp.secretmanager",
                "hashicorp.vault", "huaweicloud.csms", "kubernetes", "local.env", "local.file", "tencentcloud.ssm",
            ]
        ),
        ("configuration", ["azure.appconfig", "kubernetes", "postgresql", "redis"]),
        ("lock", ["redis"]),
        ("crypto", ["azure.keyvault", "dapr.jwks", "dapr.kubernetes.secrets", "dapr.localstorage"]),
        (
            "conversation",
            ["anthropic", "aws.bedrock", "deepseek", "echo", "googleai", "huggingface", "mistral", "ollama", "openai"]
        ),
        (
            "middleware.http",
            [
                "bearer", "oauth2", "oauth2clientcredentials", "opa", "ratelimit", "routeralias", "routerchecker", "sentinel",
                "uppercase", "wasm",
            ]
        ),
        ("nameresolution", ["aws.cloudmap", "consul", "kubernetes", "mdns", "nameformat", "sqlite"]),
    ]
}
