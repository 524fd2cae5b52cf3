extension RabbitDelivery {
    /// Headers that are texts or numbers; the properties under the names that Dapr gives them.
    func metadata(includingProperties: Bool) -> [String: String] {
        var metadata: [String: String] = [:]
        for (name, value) in properties.headers?.fields ?? [] {
            if let text = value.text { metadata[name] = text }
        }
        guard includingProperties else { return metadata }
        metadata["messageid"] = properties.messageID
        metadata["correlationid"] = properties.correlationID
        metadata["type"] = properties.type
        metadata["contenttype"] = properties.contentType
        return metadata
    }
}
