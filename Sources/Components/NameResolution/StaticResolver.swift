import MechaCore
import Synchronization

/// `nameresolution.static`: the addresses of apps as the configuration lists them. Own apps are found
/// by what they announce; nobody else learns of them.
public final class StaticResolver: NameResolver {
    private let apps: [AppAddress: [PeerEndpoint]]
    private let state = Mutex(State())

    private struct State {
        var announced: [AppAddress: [PeerEndpoint]] = [:]
        var isClosed = false
    }

    public init(apps: [AppAddress: [PeerEndpoint]]) { self.apps = apps }

    public var status: ComponentStatus { state.withLock { $0.isClosed } ? ComponentStatus(.closed) : .ready }

    public func start() async throws {}

    public func close() async { state.withLock { $0 = State(isClosed: true) } }

    public func resolve(_ target: AppAddress) async throws -> [PeerEndpoint] {
        let (announced, isClosed) = state.withLock { ($0.announced[target], $0.isClosed) }
        guard !isClosed else { throw CapabilityError(.closed, "name resolution is closed") }
        return apps[target] ?? announced ?? []
    }

    public func announce(_ registration: AppRegistration) async throws {
        state.withLock { state in
            guard state.announced[registration.address]?.contains(registration.endpoint) != true else { return }
            state.announced[registration.address, default: []].append(registration.endpoint)
        }
    }

    public func withdraw(_ registration: AppRegistration) async {
        state.withLock { $0.announced[registration.address]?.removeAll { $0 == registration.endpoint } }
    }
}

extension StaticResolver {
    /// `nameresolution.static/v1`.
    public static let descriptor = ComponentDescriptor(
        type: "nameresolution.static",
        summary: "Finds apps at the addresses that the configuration lists.",
        fields: [
            MetadataField(
                "apps", .string, required: true,
                """
                Addresses of each app, as JSON ({"orders": ["10.0.0.5:50002"]}) or as text (orders=10.0.0.5:50002,10.0.0.6:50002; \
                stock.prod=...). A name is an app id, or an app id, a dot and a namespace.
                """)
        ],
        make: { metadata, environment in
            StaticResolver(apps: try parse(try metadata.required("apps"), ownNamespace: environment.namespace))
        })

    /// Throws ``MetadataError`` for the field `apps`.
    static func parse(_ text: String, ownNamespace: String) throws -> [AppAddress: [PeerEndpoint]] {
        let isJSON = text.first { !$0.isWhitespace } == "{"
        var apps: [AppAddress: [PeerEndpoint]] = [:]
        for (name, addresses) in isJSON ? try readJSON(text) : try readText(text) {
            let endpoints = try addresses.map { address in
                guard let endpoint = PeerEndpoint(text: address) else {
                    throw MetadataError(field: "apps", problem: "has \"\(address)\" under \"\(name)\"", expected: "host:port")
                }
                return endpoint
            }
            guard !endpoints.isEmpty else {
                throw MetadataError(field: "apps", problem: "lists nothing under \"\(name)\"", expected: "at least one host:port")
            }
            let dot = name.firstIndex(of: ".")
            let namespace = dot.map { String(name[name.index(after: $0)...]) } ?? ownNamespace
            apps[AppAddress(appID: String(name[..<(dot ?? name.endIndex)]), namespace: namespace), default: []] += endpoints
        }
        return apps
    }

    private static func readJSON(_ text: String) throws -> [(String, [String])] {
        let document: JSON
        do throws(JSONError) { document = try JSON.parse(text) } catch {
            throw MetadataError(field: "apps", problem: "is \(error)", expected: "an object of app ids and addresses")
        }
        return try (document.objectValue ?? []).map { member in
            if let address = member.value.stringValue { return (member.name, [address]) }
            guard let addresses = member.value.arrayValue?.map(\.stringValue), !addresses.contains(nil) else {
                throw MetadataError(
                    field: "apps", problem: "has \(member.value.kindName) under \"\(member.name)\"",
                    expected: "an address or an array of addresses")
            }
            return (member.name, addresses.compactMap(\.self))
        }
    }

    private static func readText(_ text: String) throws -> [(String, [String])] {
        try text.split(separator: ";").map(trimmed).filter { !$0.isEmpty }.map { entry in
            let parts = entry.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else {
                throw MetadataError(field: "apps", problem: "has \"\(entry)\"", expected: "app=host:port,host:port")
            }
            return (trimmed(parts[0]), parts[1].split(separator: ",").map(trimmed))
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        let end = text[start...].lastIndex { !$0.isWhitespace }.map(text.index(after:)) ?? start
        return String(text[start..<end])
    }
}
