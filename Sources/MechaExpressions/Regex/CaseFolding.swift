/// Upper and lower case, character by character.
enum CaseFolding {
    /// The other case forms of a character.
    static func others(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        if scalar.isASCII {
            switch scalar {
            case "a"..."z": return [Unicode.Scalar(UInt8(scalar.value) - 32)]
            case "A"..."Z": return [Unicode.Scalar(UInt8(scalar.value) + 32)]
            default: return []
            }
        }
        let properties = scalar.properties
        return [properties.lowercaseMapping, properties.uppercaseMapping, properties.titlecaseMapping].compactMap {
            $0.unicodeScalars.count == 1 ? $0.unicodeScalars.first : nil
        }.filter { $0 != scalar }
    }
}
