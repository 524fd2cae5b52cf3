import MechaCore

/// A message on its way to a handler.
struct MQTTDelivery {
    var id: MQTTInbox.ID
    var publish: MQTTPublish
    /// How often it was handed over before, as far as is known.
    var attempts: Int
    var firstDelivered: Timestamp?
    /// When its time is over, as the broker said when it came; nil for never.
    var expiresAt: Timestamp?
}
