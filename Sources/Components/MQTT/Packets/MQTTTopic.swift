/// Topic names and topic filters (MQTT §4.7, §4.8).
enum MQTTTopic {
    /// Whether messages can be published to `name`.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && MQTTText.isWritable(name)
            && !name.utf8.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }
    }

    /// Whether one can subscribe to `filter`: wildcards stand for whole levels, `#` for the last ones.
    static func isFilter(_ filter: String) -> Bool {
        guard !filter.isEmpty, MQTTText.isWritable(filter) else { return false }
        let levels = filter.split(separator: "/", omittingEmptySubsequences: false)
        for (index, level) in levels.enumerated() {
            if level.contains("#"), level != "#" || index != levels.count - 1 { return false }
            if level.contains("+"), level != "+" { return false }
        }
        return true
    }

    /// Whether a message of topic `name` belongs to `filter`.
    static func matches(_ filter: String, _ name: String) -> Bool {
        var filter = filter.utf8[...]
        var name = name.utf8[...]
        let slash = UInt8(ascii: "/")
        // What begins with "$" is the server's own and for wildcards not there.
        if name.first == UInt8(ascii: "$"), filter.first == UInt8(ascii: "#") || filter.first == UInt8(ascii: "+") { return false }
        while true {
            let wanted = filter.prefix { $0 != slash }
            if wanted.elementsEqual("#".utf8) { return true }
            let level = name.prefix { $0 != slash }
            guard wanted.elementsEqual("+".utf8) || wanted.elementsEqual(level) else { return false }
            filter = filter.dropFirst(wanted.count)
            name = name.dropFirst(level.count)
            switch (filter.isEmpty, name.isEmpty) {
            case (true, true): return true
            // "a/#" stands for "a" too.
            case (false, true): return filter.elementsEqual("/#".utf8)
            case (true, false): return false
            case (false, false):
                filter.removeFirst()
                name.removeFirst()
            }
        }
    }

    /// The filter inside of `$share/group/filter`, or `topic` itself. Nil for a shared subscription that is malformed.
    static func filter(of topic: String) -> String? {
        guard topic.hasPrefix("$share/") else { return topic }
        let parts = topic.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty, !parts[1].contains("+"), !parts[1].contains("#"), !parts[2].isEmpty else { return nil }
        return String(parts[2])
    }
}
