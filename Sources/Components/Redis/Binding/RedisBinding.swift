import MechaCore
import NIOCore

/// `bindings.redis`: writes, reads, removes and counts keys. The metadata of a request names the `key`.
public final class RedisBinding: OutputBinding {
    private let client: RedisClient

    init(client: RedisClient) { self.client = client }

    public let operations = ["create", "get", "delete", "increment"]
    public var status: ComponentStatus { client.status }
    public func start() async throws { try await client.start() }
    public func close() async { await client.close() }

    public func invoke(_ request: BindingRequest) async throws -> BindingResponse {
        guard operations.contains(request.operation) else {
            throw CapabilityError(
                .unsupported, "operation \"\(request.operation)\" is not one of \(operations.joined(separator: ", "))")
        }
        guard let key = request.value("key"), !key.isEmpty else {
            throw CapabilityError(.invalidArgument, "the request's metadata names no key")
        }
        switch request.operation {
        case "create": return try await create(key, request)
        case "get": return try await get(key, andDelete: request.value("delete")?.lowercased() == "true")
        case "delete":
            _ = try await client.command(["DEL", key], key: key)
            return BindingResponse()
        default: return try await increment(key, request)
        }
    }

    private func create(_ key: String, _ request: BindingRequest) async throws -> BindingResponse {
        let ttl = try Self.timeToLive(request)
        let replies = try await client.call(key: key) { writer in
            writer.begin(parts: ttl == nil ? 3 : 5)
            writer.write("SET")
            writer.write(key)
            writer.write(request.data)
            guard let ttl else { return }
            writer.write("EX")
            writer.write(ttl)
        }
        _ = try client.values(replies)
        return BindingResponse()
    }

    /// No data for a key that is not there.
    private func get(_ key: String, andDelete: Bool) async throws -> BindingResponse {
        guard case .string(let data) = try await client.command([andDelete ? "GETDEL" : "GET", key], key: key) else {
            return BindingResponse()
        }
        return BindingResponse(data: data)
    }

    /// Answers the new number.
    private func increment(_ key: String, _ request: BindingRequest) async throws -> BindingResponse {
        let ttl = try Self.timeToLive(request)
        let replies = try await client.call(key: key, replies: ttl == nil ? 1 : 2) { writer in
            writer.command("INCR", key)
            if let ttl { writer.command("EXPIRE", key, String(ttl)) }
        }
        let number = try client.values(replies).first?.integerValue
        return BindingResponse(data: number.map { ByteBuffer(string: String($0)) })
    }

    /// Seconds of `ttlInSeconds`; nil for none.
    private static func timeToLive(_ request: BindingRequest) throws(CapabilityError) -> Int? {
        guard let text = request.value("ttlInSeconds"), !text.isEmpty else { return nil }
        guard let seconds = Int(text), 1...Int(Int32.max) ~= seconds else {
            throw CapabilityError(.invalidArgument, "metadata ttlInSeconds is \"\(text)\"; expected a positive whole number of seconds")
        }
        return seconds
    }

    /// `bindings.redis`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "bindings.redis",
        summary: "Writes, reads, removes and counts keys of Redis",
        fields: RedisMetadata.fields + [
            MetadataField("direction", .string, "input, output or both, with commas; this binding has only output")
        ]
    ) { metadata, environment in
        let configuration = try RedisMetadata.configuration(metadata, name: environment.name)
        return RedisBinding(client: RedisClient(configuration: configuration, group: environment.eventLoopGroup))
    }
}
