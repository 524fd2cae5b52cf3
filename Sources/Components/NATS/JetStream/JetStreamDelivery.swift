import MechaCore

/// A message of a consumer.
struct JetStreamDelivery {
    var message: NATSMessage
    /// How often it was handed over, this time included.
    var attempt: Int

    /// As the engine takes it. Metadata has the headers, and the subject as `Topic`, as Dapr's component gives it.
    var incoming: IncomingMessage {
        var metadata = ["Topic": message.subject]
        for field in message.headers.fields { metadata[field.name] = field.value }
        return IncomingMessage(
            topic: message.subject, data: message.body, contentType: message.headers["Content-Type"], metadata: metadata, attempt: attempt)
    }
}
