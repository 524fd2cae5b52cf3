/// Patterns of `SCAN MATCH` and `KEYS`.
enum RedisGlob {
    /// A pattern that matches exactly `text`.
    static func escape(_ text: String) -> String {
        var pattern = ""
        for character in text.unicodeScalars {
            switch character {
            case "*", "?", "[", "]", "^", "\\": pattern.unicodeScalars.append("\\")
            default: break
            }
            pattern.unicodeScalars.append(character)
        }
        return pattern
    }
}
