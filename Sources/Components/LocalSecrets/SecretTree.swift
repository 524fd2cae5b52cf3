import MechaCore

/// The secrets of a JSON document: nested names are joined by a separator, elements of arrays are named
/// by their index.
///
/// Plain: every leaf is a secret of its own with one value, under its own name (`redis:password`).
/// Multi-valued: every member of the document is a secret, whose values are the leaves below it.
struct SecretTree: Sendable, Equatable {
    private(set) var secrets: [String: [String: String]] = [:]

    init() {}

    /// Throws ``CapabilityError/Code/misconfigured``; messages carry names and never values.
    init(_ document: JSON, separator: String, isMultiValued: Bool) throws(CapabilityError) {
        guard let members = document.objectValue else {
            throw CapabilityError(.misconfigured, "the secrets file holds \(document.kindName); expected an object")
        }
        for member in members {
            switch member.value {
            case .object, .array:
                for (path, value) in Self.leaves(of: member.value, separator: separator) {
                    if isMultiValued {
                        try add(value, secret: member.name, key: path)
                    } else {
                        let name = member.name + separator + path
                        try add(value, secret: name, key: name)
                    }
                }
            default: try add(Self.text(member.value), secret: member.name, key: member.name)
            }
        }
    }

    private mutating func add(_ value: String, secret: String, key: String) throws(CapabilityError) {
        guard secrets[secret, default: [:]].updateValue(value, forKey: key) == nil else {
            throw CapabilityError(
                .misconfigured,
                "the secrets file names \"\(secret == key ? key : "\(secret)\" / \"\(key)")\" twice, once nested names are joined")
        }
    }

    private static func leaves(of value: JSON, separator: String) -> [(path: String, value: String)] {
        let children: [(name: String, value: JSON)]
        switch value {
        case .object(let members): children = members.map { ($0.name, $0.value) }
        case .array(let elements): children = elements.enumerated().map { (String($0.offset), $0.element) }
        default: return []
        }
        return children.flatMap { child in
            switch child.value {
            case .object, .array:
                leaves(of: child.value, separator: separator).map { (child.name + separator + $0.path, $0.value) }
            default: [(child.name, text(child.value))]
            }
        }
    }

    private static func text(_ leaf: JSON) -> String {
        switch leaf {
        case .string(let text), .number(let text): text
        case .bool(let flag): flag ? "true" : "false"
        default: ""
        }
    }
}
