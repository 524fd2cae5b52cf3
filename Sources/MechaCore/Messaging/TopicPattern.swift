/// A subscribed topic of the brokers of this process, which may end in `*`: such a pattern takes every topic
/// that begins with what stands before the star and goes on after it, as Dapr's in-memory broker has it. A star
/// elsewhere is a character like any other.
package struct TopicPattern: Sendable, Hashable {
    package let text: String

    package init(_ text: String) { self.text = text }

    /// False for the name of one topic.
    package var isPattern: Bool { text.utf8.last == UInt8(ascii: "*") }

    package func matches(_ topic: String) -> Bool {
        let (pattern, topic) = (text.utf8, topic.utf8)
        if isPattern, topic.count >= pattern.count, topic.starts(with: pattern.dropLast()) { return true }
        return topic.count == pattern.count && topic.elementsEqual(pattern)
    }
}
