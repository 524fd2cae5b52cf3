import MechaCore
import MechaHost
import MechaManifest

/// What calls a function, through which alias.
public struct FunctionTrigger: Sendable, Hashable {
    public enum Event: Sendable, Hashable {
        /// Requests of the functions' listener whose path is `path` or lies below it, for a host (nil: any), with one of the
        /// methods (none: any). The function sees the whole path.
        case http(path: String, host: String?, methods: [String])
        /// A schedule; the function is called with `POST` at `route`.
        case cron(schedule: String, timeZone: String?, route: String)
        /// Events of a topic, posted to `route`.
        case topic(pubsub: String, topic: String, route: String, deadLetterTopic: String?)
        /// Events of a declared input binding.
        case binding(name: String)
        /// Changes that other apps of this process make to keys of a store, posted to `route`.
        case state(StateChanges.Filter, route: String)
        /// Unary calls of a method of gRPC on the functions' listener.
        case grpc(service: String, method: String)
    }

    public var event: Event
    public var alias: String

    public init(_ event: Event, alias: String = FunctionState.defaultAlias) {
        self.event = event
        self.alias = alias
    }

    public static let triggersAtMost = 100

    public var json: JSON {
        let event: JSON.Member
        switch self.event {
        case .http(let path, let host, let methods):
            event = .init(
                "http",
                .object(
                    [.init("path", .string(path))] + [host.map { .init("host", .string($0)) }].compactMap { $0 }
                        + (methods.isEmpty ? [] : [.init("methods", .strings(methods))])))
        case .cron(let schedule, let zone, let route):
            event = .init(
                "cron",
                .object(
                    [.init("schedule", .string(schedule))] + [zone.map { .init("timezone", .string($0)) }].compactMap { $0 }
                        + [.init("route", .string(route))]))
        case .topic(let pubsub, let topic, let route, let dead):
            event = .init(
                "topic",
                .object(
                    [.init("pubsub", .string(pubsub)), .init("topic", .string(topic)), .init("route", .string(route))]
                        + [dead.map { .init("deadLetterTopic", .string($0)) }].compactMap { $0 }))
        case .binding(let name): event = .init("binding", ["name": .string(name)])
        case .state(let filter, let route):
            event = .init(
                "state",
                [
                    "store": .string(filter.store), "keyPrefix": .string(filter.keyPrefix),
                    "operations": .strings(filter.operations.map(\.rawValue).sorted()), "route": .string(route),
                ])
        case .grpc(let service, let method): event = .init("grpc", ["service": .string(service), "method": .string(method)])
        }
        return .object([event, .init("alias", .string(alias))])
    }

    /// Nil when it names no event, or an alias that none can be.
    public init?(_ json: JSON) {
        alias = json["alias"]?.stringValue ?? FunctionState.defaultAlias
        guard FunctionSpec.isAliasName(alias) else { return nil }
        if let http = json["http"], let path = http["path"]?.stringValue, path.hasPrefix("/") {
            event = .http(
                path: path, host: http["host"]?.stringValue, methods: http["methods"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        } else if let cron = json["cron"], let schedule = cron["schedule"]?.stringValue {
            event = .cron(
                schedule: schedule, timeZone: cron["timezone"]?.stringValue, route: cron["route"]?.stringValue ?? "/")
        } else if let topic = json["topic"], let pubsub = topic["pubsub"]?.stringValue, let name = topic["topic"]?.stringValue {
            event = .topic(
                pubsub: pubsub, topic: name, route: topic["route"]?.stringValue ?? "/\(name)",
                deadLetterTopic: topic["deadLetterTopic"]?.stringValue)
        } else if let name = json["binding"]?["name"]?.stringValue {
            event = .binding(name: name)
        } else if let state = json["state"], let store = state["store"]?.stringValue {
            let operations = (state["operations"]?.arrayValue ?? []).compactMap(\.stringValue).compactMap(StateChange.Operation.init)
            event = .state(
                .init(
                    store: store, keyPrefix: state["keyPrefix"]?.stringValue ?? "",
                    operations: Set(operations.isEmpty ? StateChange.Operation.allCases : operations)),
                route: state["route"]?.stringValue ?? "/state")
        } else if let grpc = json["grpc"], let service = grpc["service"]?.stringValue, let method = grpc["method"]?.stringValue {
            event = .grpc(service: service, method: method)
        } else {
            return nil
        }
    }

    /// For tables: `http shop.example/orders`, `cron @every 30s`.
    public var description: String {
        switch event {
        case .http(let path, let host, let methods):
            "http \(methods.isEmpty ? "" : methods.joined(separator: ",") + " ")\(host ?? "")\(path)"
        case .cron(let schedule, _, _): "cron \(schedule)"
        case .topic(let pubsub, let topic, _, _): "topic \(pubsub)/\(topic)"
        case .binding(let name): "binding \(name)"
        case .state(let filter, _): "state \(filter.store)/\(filter.keyPrefix)"
        case .grpc(let service, let method): "grpc \(service)/\(method)"
        }
    }
}

extension FunctionTrigger {
    init(_ trigger: FunctionSpec.Trigger) {
        alias = trigger.alias ?? FunctionState.defaultAlias
        switch trigger.event {
        case .http(let path, let host, let methods): event = .http(path: path, host: host, methods: methods)
        case .cron(let schedule, let zone, let route): event = .cron(schedule: schedule, timeZone: zone, route: route)
        case .topic(let pubsub, let topic, let route, let dead):
            event = .topic(pubsub: pubsub, topic: topic, route: route, deadLetterTopic: dead)
        case .binding(let name): event = .binding(name: name)
        case .state(let store, let prefix, let operations, let route):
            event = .state(
                .init(store: store, keyPrefix: prefix, operations: Set(operations.compactMap(StateChange.Operation.init))), route: route)
        case .grpc(let service, let method): event = .grpc(service: service, method: method)
        }
    }
}
