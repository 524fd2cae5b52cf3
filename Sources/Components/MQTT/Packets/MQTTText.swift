/// Strings of the protocol (MQTT 5 §1.5.4).
enum MQTTText {
    /// Whether `text` may be written: at most 65,535 bytes and no null character.
    static func isWritable(_ text: String) -> Bool {
        text.utf8.count <= Int(UInt16.max) && !text.utf8.contains(0)
    }
}
