/// Search for a text in a text, by bytes and in linear time whatever the texts are (Knuth, Morris, Pratt).
enum TextSearch {
    static func contains(_ text: String, _ part: String) -> Bool {
        let needle = Array(part.utf8)
        guard !needle.isEmpty else { return true }
        guard needle.count <= text.utf8.count else { return false }
        // How much of the needle is matched still after a mismatch behind each of its prefixes.
        var fallback = [0]
        var length = 0
        for byte in needle.dropFirst() {
            while length > 0, needle[length] != byte { length = fallback[length - 1] }
            if needle[length] == byte { length += 1 }
            fallback.append(length)
        }
        length = 0
        for byte in text.utf8 {
            while length > 0, needle[length] != byte { length = fallback[length - 1] }
            if needle[length] == byte { length += 1 }
            if length == needle.count { return true }
        }
        return false
    }
}
