import MechaCore

/// RFC 4648 base 64 with the alphabet for URLs and without padding.
enum Base64URL {
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        String(
            decoding: Base64.encode(bytes).utf8.compactMap { character -> UInt8? in
                switch character {
                case UInt8(ascii: "+"): UInt8(ascii: "-")
                case UInt8(ascii: "/"): UInt8(ascii: "_")
                case UInt8(ascii: "="): nil
                default: character
                }
            }, as: UTF8.self)
    }
}
