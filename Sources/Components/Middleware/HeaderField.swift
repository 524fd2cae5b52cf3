import MechaCore

/// Names of headers in metadata.
enum HeaderField {
    static func name(_ field: String, _ metadata: ComponentMetadata, default fallback: String? = nil) throws -> String {
        let name = try metadata.string(field) ?? fallback ?? metadata.required(field)
        let isName = name.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
            default: "!#$%&'*+-.^_`|~".utf8.contains($0)
            }
        }
        guard isName else {
            throw MetadataError(field: field, problem: "is no name of a header", expected: "one such as authorization")
        }
        return name
    }
}
