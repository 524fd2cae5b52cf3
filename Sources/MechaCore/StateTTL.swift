/// Time to live of state entries as item metadata carries it (section 8.2 of the Dapr surface).
public enum StateTTL {
    /// Metadata key of a write, compared without case.
    public static let metadataKey = "ttlInSeconds"
    /// Metadata key under which reads report the moment of expiry (RFC 3339).
    public static let expiryMetadataKey = "ttlExpireTime"

    /// The seconds that `metadata` asks for; nil when it asks for nothing. Throws
    /// ``CapabilityError/Code/invalidArgument`` for anything but a whole number from -1 to 2,147,483,647.
    public static func parse(_ metadata: [String: String]) throws(CapabilityError) -> Int? {
        guard
            let text = metadata[metadataKey] ?? metadata.first(where: { $0.key.lowercased() == "ttlinseconds" })?.value,
            !text.isEmpty
        else { return nil }
        guard let seconds = Int(text), (-1...Int(Int32.max)).contains(seconds) else {
            throw CapabilityError(
                .invalidArgument, "metadata \"\(metadataKey)\" must be a whole number of seconds from -1 to \(Int32.max)")
        }
        return seconds
    }
}

extension StateWrite {
    /// When an entry written at `now` vanishes; nil for never.
    public func expiry(at now: Timestamp) -> Timestamp? {
        guard let ttlInSeconds, ttlInSeconds > 0 else { return nil }
        return now + .seconds(min(ttlInSeconds, Int(Int32.max)))
    }
}
