/// Percent-encoding for paths and queries (RFC 3986): only unreserved characters stay as they are.
enum PercentEncoding {
    static func encode(_ text: String, keeping kept: String = "") -> String {
        var output = ""
        for byte in text.utf8 {
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) || kept.contains(character) {
                output.append(character)
            } else {
                output += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return output
    }
}
