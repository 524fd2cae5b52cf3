// swift-tools-version: 6.2
import PackageDescription

// Layers, top to bottom (ARCHITECTURE.md explains them; Tests/ArchitectureTests reads the imports
// and fails on an arrow that points up):
//   L5 mecha, MechaRuntime   L4 DaprAPI, AdminAPI   L3 MechaFunctions, MechaHost, MechaMessaging, MechaInvocation, MechaPolicies
//   L2 Components/*          L1 MechaWire, MechaWasm, MechaTelemetry, MechaProto   L0 MechaCore, MechaManifest, MechaResiliency, MechaExpressions, MechaSchedule

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
    ]
    // `make check`; other people's packages keep their warnings.
    + (Context.environment["MECHA_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)])

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHPACK = Target.Dependency.product(name: "NIOHPACK", package: "swift-nio-http2")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let collections = Target.Dependency.product(name: "Collections", package: "swift-collections")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// A library target of our own with the project's settings.
func module(_ name: String, path: String? = nil, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

/// A test target with the project's settings; tests may see what they drive and the test kit.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "mecha",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "mecha", targets: ["mecha"]),
        .library(name: "MechaRuntime", targets: ["MechaRuntime"]),
    ],
    traits: [
        .trait(name: "Kafka", description: "pubsub.kafka and bindings.kafka; needs librdkafka (apt: librdkafka-dev)")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // L0: values, contracts and pure state machines.
        module("MechaCore", [nioCore, logging]),
        module("MechaManifest", ["MechaCore", "MechaExpressions", yams]),
        module("MechaResiliency", ["MechaCore"]),
        module("MechaExpressions", ["MechaCore"]),
        module("MechaSchedule", ["MechaCore"]),

        // L1: the wire, telemetry, generated messages.
        module("MechaTelemetry", ["MechaCore", nioCore, logging]),
        module("MechaProto", [protobuf]),
        module(
            "MechaWire",
            [
                "MechaCore", "MechaResiliency", "MechaTelemetry", "MechaProto",
                nioCore, nioPosix, nioHTTP1, nioHTTP2, nioHPACK, nioTLS, nioSSL, nioConcurrency, collections, logging, protobuf, "CZlib",
            ]),
        module("MechaTelemetryExport", ["MechaCore", "MechaTelemetry", "MechaWire", "MechaProto", nioCore, nioHTTP1, logging, protobuf]),
        .target(name: "CWasmtime"),
        module("MechaWasm", ["MechaCore", "MechaWire", "CWasmtime", nioCore, crypto]),
        .systemLibrary(name: "CSQLite", path: "Sources/CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CProcess", path: "Sources/CProcess"),
        .systemLibrary(name: "CZlib", path: "Sources/CZlib", providers: [.apt(["zlib1g-dev"])]),

        // L2: components, one target each.
        module("MechaInMemory", path: "Sources/Components/InMemory", ["MechaCore", "MechaWire", nioCore, logging]),
        module("MechaSQLite", path: "Sources/Components/SQLite", ["MechaCore", "MechaWire", "CSQLite", nioCore, nioPosix, logging]),
        module(
            "MechaRedis", path: "Sources/Components/Redis",
            ["MechaCore", "MechaWire", nioCore, nioPosix, nioSSL, collections, logging]),
        module("MechaCron", path: "Sources/Components/Cron", ["MechaCore", "MechaSchedule", logging]),
        module(
            "MechaHTTPBinding", path: "Sources/Components/HTTPBinding", ["MechaCore", "MechaWire", nioCore, nioHTTP1, logging]),
        // Its files are empty without the trait, so that a build without it needs no librdkafka.
        module(
            "MechaKafka", path: "Sources/Components/Kafka",
            ["MechaCore", "MechaExpressions", .target(name: "CRdKafka", condition: .when(traits: ["Kafka"])), nioCore, logging]),
        .systemLibrary(name: "CRdKafka", path: "Sources/CRdKafka", providers: [.apt(["librdkafka-dev"])]),
        module(
            "MechaMiddleware", path: "Sources/Components/Middleware",
            ["MechaCore", "MechaExpressions", "MechaWire", nioCore, nioHTTP1, crypto, cryptoExtras, logging]),
        module("MechaLocalStorage", path: "Sources/Components/LocalStorage", ["MechaCore", nioCore, nioPosix, logging]),
        module(
            "MechaNATS", path: "Sources/Components/NATS",
            ["MechaCore", "MechaWire", nioCore, nioPosix, nioTLS, nioSSL, crypto, logging]),
        module(
            "MechaMQTT", path: "Sources/Components/MQTT",
            ["MechaCore", "MechaResiliency", "MechaWire", nioCore, nioPosix, logging]),
        module(
            "MechaRabbitMQ", path: "Sources/Components/RabbitMQ",
            ["MechaCore", "MechaResiliency", "MechaWire", nioCore, nioPosix, logging]),
        module("MechaLocalSecrets", path: "Sources/Components/LocalSecrets", ["MechaCore", nioCore, logging]),
        module(
            "MechaNameResolution", path: "Sources/Components/NameResolution",
            ["MechaCore", "MechaSQLite", nioCore, nioPosix, logging]),

        // L3: engines.
        module(
            "MechaPolicies",
            [
                "MechaCore", "MechaManifest", "MechaResiliency", "MechaExpressions", "MechaTelemetry", "MechaWire", nioCore,
            ]),
        module(
            "MechaInvocation",
            [
                "MechaCore", "MechaManifest", "MechaResiliency", "MechaTelemetry", "MechaWire", "MechaProto", "MechaPolicies", nioCore,
                nioHTTP1,
                collections,
                logging, protobuf,
            ]),
        module(
            "MechaMessaging",
            [
                "MechaCore", "MechaExpressions", "MechaManifest", "MechaResiliency", "MechaPolicies", "MechaTelemetry", "MechaWire",
                "MechaInvocation", nioCore, logging,
            ]),
        module(
            "MechaHost",
            [
                "MechaCore", "MechaMessaging", "MechaPolicies", "MechaManifest", "MechaResiliency", "MechaTelemetry", "MechaWire",
                "MechaInvocation",
                nioCore, logging, crypto,
            ]),

        module(
            "MechaFunctions",
            [
                "MechaCore", "MechaManifest", "MechaTelemetry", "MechaWire", "MechaWasm", "MechaInvocation", "MechaMessaging", "MechaHost",
                nioCore, nioPosix, nioHTTP1, logging, crypto,
            ]),

        // L4: API front ends.
        module(
            "DaprAPI",
            [
                "MechaCore", "MechaManifest", "MechaTelemetry", "MechaWire", "MechaProto", "MechaInvocation", "MechaMessaging", "MechaHost",
                nioCore, nioHTTP1, logging, protobuf,
            ]),
        module("AdminAPI", ["MechaCore", "MechaTelemetry", "MechaWire", "MechaFunctions", "MechaHost", nioCore, nioHTTP1, logging]),

        // L5: the composition root and the command line.
        module(
            "MechaRuntime",
            [
                "MechaCore", "MechaManifest", "MechaTelemetry", "MechaTelemetryExport", "MechaWire", "MechaInvocation", "MechaFunctions",
                "MechaHost", "DaprAPI", "AdminAPI",
                "MechaInMemory", "MechaSQLite", "MechaRedis", "MechaMQTT", "MechaRabbitMQ", "MechaCron", "MechaNATS", "MechaHTTPBinding",
                "MechaLocalStorage", "MechaMiddleware", "MechaKafka",
                "MechaLocalSecrets", "MechaNameResolution",
                nioCore, nioPosix, logging,
            ]),
        .executableTarget(
            name: "mecha",
            dependencies: [
                "MechaCore", "MechaManifest", "MechaRuntime", "MechaTelemetry", "MechaWire", "MechaInvocation", "MechaFunctions",
                "MechaHost",
                "DaprAPI", "CProcess",
                arguments, yams, nioCore, nioPosix, nioHTTP1, logging,
            ],
            // What `mecha fn new` writes: links to `guests/c`.
            resources: [.embedInCode("Functions/Kit")],
            swiftSettings: settings),

        // Measuring and testing.
        .executableTarget(
            name: "mecha-wire-probe", dependencies: ["MechaWire", "MechaProto", nioCore, nioHTTP1, protobuf], swiftSettings: settings),
        .executableTarget(
            name: "mecha-bench",
            dependencies: [
                "MechaCore", "MechaWire", "MechaProto", "MechaSQLite", "CSQLite", nioCore, nioPosix, nioHTTP1, nioHTTP2, nioHPACK, protobuf,
                logging,
            ],
            path: "Benchmarks/mecha-bench",
            swiftSettings: settings),
        module("MechaTestKit", ["MechaCore", "MechaWire", nioCore, nioPosix, logging]),
        // A process for tests to kill (Tests/ComponentTests/SQLiteReliabilityTests.swift).
        .executableTarget(
            name: "mecha-store-probe", dependencies: ["MechaCore", "MechaSQLite", "MechaWire", nioCore, nioPosix, logging],
            path: "Tests/mecha-store-probe", swiftSettings: settings),
        tests("ArchitectureTests", []),
        tests("MechaCoreTests", ["MechaCore", "MechaTestKit", nioCore]),
        tests("MechaManifestTests", ["MechaManifest", "MechaCore"]),
        tests("MechaExpressionsTests", ["MechaExpressions", "MechaCore", "MechaTestKit"]),
        tests("MechaScheduleTests", ["MechaSchedule", "MechaCore", "MechaTestKit"]),
        tests("MechaResiliencyTests", ["MechaResiliency", "MechaCore"]),
        tests(
            "MechaPoliciesTests",
            ["MechaPolicies", "MechaManifest", "MechaResiliency", "MechaTelemetry", "MechaCore", "MechaTestKit", nioCore]),
        tests(
            "MechaTelemetryTests",
            [
                "MechaTelemetry", "MechaTelemetryExport", "MechaWire", "MechaProto", "MechaCore", "MechaTestKit", nioCore, nioPosix,
                nioHTTP1, logging, protobuf,
            ], exclude: ["Support"]),
        tests(
            "MechaWireTests",
            [
                "MechaWire", "MechaCore", "MechaProto", "MechaTestKit", nioCore, nioPosix, nioHTTP1, nioHTTP2, nioHPACK, nioSSL,
                nioEmbedded, protobuf,
            ]),
        tests("MechaWasmTests", ["MechaWasm", "MechaWire", "MechaCore", "MechaTestKit", nioCore, nioPosix]),
        tests(
            "MechaFunctionEngineTests",
            [
                "MechaFunctions", "MechaRuntime", "MechaWasm", "MechaHost", "MechaInvocation", "MechaCore", "MechaWire", "MechaTestKit",
                nioCore, nioHTTP1, logging,
            ]),
        tests(
            "ComponentTests",
            [
                "mecha-store-probe", "MechaInMemory", "MechaSQLite", "MechaRedis", "MechaMQTT", "MechaRabbitMQ", "MechaResiliency",
                "MechaNATS", "MechaHTTPBinding", "MechaLocalStorage", "MechaMiddleware", "MechaKafka",
                .target(name: "CRdKafka", condition: .when(traits: ["Kafka"])),
                "MechaLocalSecrets", "MechaNameResolution", "MechaCore",
                "MechaWire", "MechaTestKit", nioCore, nioHTTP1, nioPosix, nioEmbedded, logging,
            ]),
        tests(
            "MechaInvocationTests",
            [
                "MechaInvocation", "MechaPolicies", "MechaManifest", "MechaResiliency", "MechaCore", "MechaWire", "MechaProto",
                "MechaTelemetry", "MechaTestKit", nioCore, nioPosix, nioHTTP1,
                logging, protobuf,
            ]),
        tests(
            "MechaMessagingTests",
            ["MechaMessaging", "MechaInvocation", "MechaTelemetry", "MechaCore", "MechaTestKit", nioCore, logging]),
        tests(
            "MechaHostTests",
            [
                "MechaHost", "MechaCore", "MechaManifest", "MechaWire", "MechaTelemetry", "MechaInMemory", "MechaTestKit", nioCore,
                nioPosix, logging,
            ]),
        tests(
            "MechaFunctionsTests",
            [
                "MechaFunctions", "MechaHost", "MechaInvocation", "MechaManifest", "MechaTelemetry", "MechaCore", "MechaWire",
                "MechaTestKit",
                nioCore, nioPosix, nioHTTP1, logging,
            ]),
        tests("DaprAPITests", ["DaprAPI", "MechaHost", "MechaCore", "MechaWire", "MechaTestKit", nioCore, nioPosix, nioHTTP1]),
        tests(
            "MechaRuntimeTests",
            ["MechaRuntime", "MechaHost", "MechaManifest", "MechaCore", "MechaWire", "MechaTestKit", nioCore, nioPosix, nioHTTP1]),
        tests(
            "MechaCommandTests", ["mecha", "MechaCore", "MechaInvocation", "MechaHost", "MechaRuntime", "MechaTestKit", arguments, nioCore]),
    ]
)
