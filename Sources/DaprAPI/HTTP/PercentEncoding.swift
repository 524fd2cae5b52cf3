/// Decodes `%41` escapes, and `+` as a blank where a query is meant (RFC 3986 section 2.1; HTML forms).
/// Nil when an escape is broken or the result is not UTF-8.
func percentDecoded(_ text: some StringProtocol, plusIsBlank: Bool = false) -> String? {
    let bytes = text.utf8
    guard bytes.contains(where: { $0 == UInt8(ascii: "%") || (plusIsBlank && $0 == UInt8(ascii: "+")) }) else {
        return String(text)
    }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var iterator = bytes.makeIterator()
    while let byte = iterator.next() {
        switch byte {
        case UInt8(ascii: "%"):
            guard let high = iterator.next().flatMap(hexadecimalDigit), let low = iterator.next().flatMap(hexadecimalDigit) else {
                return nil
            }
            decoded.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsBlank: decoded.append(0x20)
        default: decoded.append(byte)
        }
    }
    return String(validating: decoded, as: UTF8.self)
}

private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
}
