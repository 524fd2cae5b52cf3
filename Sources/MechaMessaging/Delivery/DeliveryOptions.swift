import MechaCore
import MechaResiliency

/// What a subscription's metadata says about delivery: Dapr's `rawPayload`, and ours.
struct DeliveryOptions: Sendable {
    /// Messages are bytes, not events (`rawPayload`).
    let isRaw: Bool
    /// Tells the app attempt and first delivery time (`deliveryHeaders`).
    let addsDeliveryHeaders: Bool
    /// Keeps the order of messages with one key (`ordered`): a failed one holds up those after it.
    let isOrdered: Bool
    /// Deliveries of one message before it is given up (`maxDeliveryAttempts`); nil leaves it to the policies and
    /// the broker.
    let maximumAttempts: Int?

    /// The original stays with the broker when its copy is not confirmed within this.
    static let deadLetterTimeout: Duration = .seconds(30)
    /// Between attempts that are made without the broker.
    static let pauseInPlace = Backoff(initial: .milliseconds(100), maximum: .seconds(10), multiplier: 2, jitter: 0.2)

    /// Throws ``CapabilityError`` (`invalidArgument`) for values that make no sense.
    init(_ metadata: [String: String]) throws {
        isRaw = isSet(metadata, "rawPayload")
        addsDeliveryHeaders = isSet(metadata, "deliveryHeaders")
        isOrdered = isSet(metadata, "ordered")
        if let text = value(metadata, "maxDeliveryAttempts"), !text.isEmpty {
            guard let number = Int(text), (1...1_000_000).contains(number) else {
                throw CapabilityError(
                    .invalidArgument, "subscription metadata maxDeliveryAttempts is \"\(text)\"; expected a number from 1 to 1000000")
            }
            maximumAttempts = number
        } else {
            maximumAttempts = nil
        }
    }

    /// Whether further attempts are made here rather than by the broker.
    func retriesInPlace(_ message: IncomingMessage) -> Bool {
        isOrdered || maximumAttempts != nil && message.attempt == nil
    }
}
