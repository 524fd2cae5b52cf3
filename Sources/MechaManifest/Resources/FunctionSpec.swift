/// A WebAssembly function: where its code is, what it may reach and use, and what calls it (kind `Function` of
/// `mecha.io/v1alpha1`). What is nil here is the runtime's default.
public struct FunctionSpec: ResourceSpec {
    public static let kind = "Function"

    public var source: Source
    /// What the module speaks; nil finds out by its exports.
    public var abi: ABI?
    /// Handed to the guest at its start.
    public var configuration: String
    public var environment: [String: String]
    public var grants: Grants
    public var limits: Limits
    public var scaling: Scaling
    public var triggers: [Trigger]
    /// How named entrances spread calls over revisions; without any, all go to the newest.
    public var aliases: [String: Alias]
    /// How `mecha fn build` makes the module.
    public var build: Build?
    /// What a new revision must answer.
    public var tests: [Test]

    /// Where the module is: in a file or in an image.
    public struct Source: Sendable, Equatable {
        /// A path; a relative one begins at the resource's file. Empty where the module is in an image.
        public var file: String
        /// The name of an image in a registry: `registry/repository:tag@sha256:...`.
        public var image: String?
        /// Whether plain HTTP may be spoken to the image's registry, though it is on another machine.
        public var isInsecure = false
        /// SHA-256 in hexadecimal that the module must have; nil takes any.
        public var digest: String?
    }

    public enum ABI: String, Sendable, CaseIterable {
        case mecha
        case proxyWasm = "proxy-wasm"
        case httpWasm = "http-wasm"
        case component
        case wasiHTTP = "wasi-http"
    }

    /// Names of components, apps and so on; `*` is every one.
    public struct Grants: Sendable, Equatable {
        public var state: [String]
        public var pubsub: [String]
        public var bindings: [String]
        public var secrets: [String]
        public var configuration: [String]
        public var locks: [String]
        public var invoke: [String]
        /// Variables of the process.
        public var env: [String]
        public var arguments: [String]
        public var clock: Bool
        public var random: Bool
        public var stdout: Bool
        public var wasi: Bool
        /// By the path under which the guest sees them.
        public var folders: [String: Folder]

        public struct Folder: Sendable, Equatable {
            /// Of the host; a relative one begins at the resource's file.
            public var path: String
            public var isWritable: Bool
        }
    }

    public struct Limits: Sendable, Equatable {
        public var memoryBytes: Int?
        public var cpu: Duration?
        public var wall: Duration?
        public var fuel: Int?
        public var isMeteredExactly = false
        public var stackBytes: Int?
        public var requestBytes: Int?
        public var responseBytes: Int?
        public var outboundCalls: Int?
        public var logBytes: Int?
        public var concurrency: Int?
        public var queue: Int?
    }

    public struct Scaling: Sendable, Equatable {
        public var isolation: Isolation?
        public var maximumRequests: Int?
        public var maximumMemoryBytes: Int?
        public var minimumInstances: Int?
        public var idle: Duration?

        public enum Isolation: String, Sendable, CaseIterable {
            case fresh, reused
        }
    }

    /// What calls the function, through which alias.
    public struct Trigger: Sendable, Equatable {
        public var event: Event
        /// Nil for the default alias.
        public var alias: String?

        public enum Event: Sendable, Equatable {
            /// Requests of the functions' listener below a path, for a host (nil: any), with one of the methods (none: any).
            case http(path: String, host: String?, methods: [String])
            /// A schedule; `route` is the path that the function is called with.
            case cron(schedule: String, timeZone: String?, route: String)
            case topic(pubsub: String, topic: String, route: String, deadLetterTopic: String?)
            /// Events of a declared input binding.
            case binding(name: String)
            /// Changes of keys that begin so (none: all), of the kinds `set` and `delete`; posted to `route`.
            case state(store: String, keyPrefix: String, operations: [String], route: String)
            /// Calls of a method on the functions' listener.
            case grpc(service: String, method: String)
        }
    }

    public struct Alias: Sendable, Equatable {
        /// Parts of the traffic by revision; `latest` is the newest one.
        public var weights: [String: Int]
        public var stickiness: Stickiness?
        /// How a new revision gets the alias's calls; nil at once.
        public var release: Release?

        /// Steps in percent, guards, and how many calls they need to be judged.
        public struct Release: Sendable, Equatable {
            public var steps: [Int]
            public var wait: Duration?
            /// In thousandths of a percent.
            public var errorsPer100000AtMost: Int?
            public var p99: Duration?
            public var callsAtLeast: Int?
        }

        /// What keeps a caller on one revision.
        public enum Stickiness: Sendable, Equatable {
            case header(String)
            case cookie(String)
        }
    }

    /// A request that a new revision must answer so before it gets calls (`mecha fn watch`, `deploy --verify`).
    public struct Test: Sendable, Equatable {
        public var name: String
        public var method: String
        public var path: String
        public var headers: [String: String]
        public var body: String?
        public var status: Int
        public var expectedHeaders: [String: String]
        /// The whole body; nil for any.
        public var expectedBody: String?
        /// A part of it.
        public var contains: String?
    }

    public struct Build: Sendable, Equatable {
        /// For the shell, run in the folder of the resource's file.
        public var command: String
    }
}

public typealias FunctionResource = Resource<FunctionSpec>
