import MechaCore
import NIOCore

/// What a server says of itself in `INFO`.
struct NATSServerInfo: Sendable, Equatable {
    /// The most that a message may hold, headers included.
    var maximumPayloadBytes = 1 << 20
    var requiresTLS = false
    var requiresLogin = false
    var supportsHeaders = false
    var hasJetStream = false
    /// To be signed by clients that log in by key.
    var nonce: String?
    /// Other servers of the cluster, as host and port.
    var connectURLs: [String] = []

    init() {}

    /// Throws when it is no JSON object.
    init(_ json: ByteBuffer) throws(NATSProtocolError) {
        guard let value = try? JSON.parse(json), case .object = value else { throw NATSProtocolError("INFO is no JSON object") }
        if case .number(let text)? = value["max_payload"], let bytes = Int(text), bytes > 0 { maximumPayloadBytes = bytes }
        requiresTLS = value["tls_required"]?.boolValue ?? false
        requiresLogin = value["auth_required"]?.boolValue ?? false
        supportsHeaders = value["headers"]?.boolValue ?? false
        hasJetStream = value["jetstream"]?.boolValue ?? false
        nonce = value["nonce"]?.stringValue
        if case .array(let urls)? = value["connect_urls"] { connectURLs = urls.compactMap(\.stringValue) }
    }
}
