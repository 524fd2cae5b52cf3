import NIOCore

/// A message for a broker.
public struct OutgoingMessage: Sendable {
    public var topic: String
    public var data: ByteBuffer
    /// Media type of `data`.
    public var contentType: String
    /// As the publisher gave it: `ttlInSeconds`, `partitionKey`, `rawPayload`, and the broker's own keys.
    public var metadata: [String: String]

    public init(
        topic: String, data: ByteBuffer, contentType: String = "application/cloudevents+json", metadata: [String: String] = [:]
    ) {
        self.topic = topic
        self.data = data
        self.contentType = contentType
        self.metadata = metadata
    }

    /// After which the message need not be delivered (`ttlInSeconds`); nil for never.
    /// Throws ``CapabilityError`` (`invalidArgument`) when it is not a positive whole number.
    public var timeToLive: Duration? { get throws { try seconds("ttlInSeconds") } }

    /// Before which the message must not be delivered (`delayInSeconds`); nil for none.
    /// Throws ``CapabilityError`` (`invalidArgument`) when it is not a positive whole number.
    public var delay: Duration? { get throws { try seconds("delayInSeconds") } }

    /// Messages of equal key keep their order where the broker has partitions (`partitionKey`).
    public var partitionKey: String? { value("partitionKey").flatMap { $0.isEmpty ? nil : $0 } }

    /// The metadata value of `key`, whose letters may be of either case.
    public func value(_ key: String) -> String? {
        if metadata.isEmpty { return nil }
        return metadata[key] ?? metadata.first { Self.areEqual($0.key, key) }?.value
    }

    /// Compares ASCII letters without case, and without a copy: this runs for every message.
    private static func areEqual(_ a: String, _ b: String) -> Bool {
        a.utf8.count == b.utf8.count
            && zip(a.utf8, b.utf8).allSatisfy { $0 == $1 || ($0 | 0x20 == $1 | 0x20 && (0x61...0x7a).contains($0 | 0x20)) }
    }

    private func seconds(_ key: String) throws -> Duration? {
        guard let text = value(key), !text.isEmpty else { return nil }
        guard let number = Int64(text), number > 0, number <= 1 << 32 else {
            throw CapabilityError(.invalidArgument, "metadata \(key) is \"\(text)\"; expected a positive whole number of seconds")
        }
        return .seconds(number)
    }
}
