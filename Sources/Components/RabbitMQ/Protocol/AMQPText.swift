/// Short strings: names of exchanges and queues, routing keys, most properties.
enum AMQPText {
    /// Whether `text` may stand in a short string: at most 255 bytes.
    static func isShort(_ text: String) -> Bool { text.utf8.count <= 255 }
}
