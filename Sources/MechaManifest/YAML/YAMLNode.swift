import MechaCore

/// A value of a document with the place where it stands. Aliases and merge keys are already replaced.
struct YAMLNode: Sendable {
    enum Content: Sendable, Equatable {
        /// Text as written (escapes decoded). Only a plain one, without quotes, may mean null, a boolean
        /// or a number.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([Member])
    }

    struct Member: Sendable, Equatable {
        var name: String
        var value: YAMLNode
        /// Where the name stands.
        var mark: YAMLMark
    }

    var content: Content
    var mark: YAMLMark

    static func emptyMapping(at mark: YAMLMark = YAMLMark(line: 1, column: 1)) -> YAMLNode {
        YAMLNode(content: .mapping([]), mark: mark)
    }

    /// The scalar's text; nil for lists, mappings and null.
    var text: String? {
        guard case .scalar(let text, _) = content, !isNull else { return nil }
        return text
    }

    /// `null`, `~` or nothing at all.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    var isMapping: Bool {
        if case .mapping = content { true } else { false }
    }

    /// What this is, for messages.
    var kindName: String {
        switch content {
        case .scalar: isNull ? "empty" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// Line and column, each counted from 1.
struct YAMLMark: Sendable, Equatable {
    var line: Int
    var column: Int
}

extension YAMLNode: Equatable {
    /// Equal content, wherever it stands: a moved resource is not a changed one.
    static func == (a: YAMLNode, b: YAMLNode) -> Bool { a.content == b.content }
}

extension YAMLNode.Member {
    static func == (a: Self, b: Self) -> Bool { a.name == b.name && a.value == b.value }
}

extension YAMLNode {
    /// As JSON. Plain scalars become null, booleans or numbers only where JSON writes them the same way,
    /// so that `yes`, `0x1f` and `007` stay the text that was written.
    var json: JSON {
        switch content {
        case .sequence(let elements): .array(elements.map(\.json))
        case .mapping(let members): .object(members.map { JSON.Member($0.name, $0.value.json) })
        case .scalar(let text, isPlain: false): .string(text)
        case .scalar(let text, isPlain: true):
            if isNull {
                .null
            } else if ["true", "True", "TRUE"].contains(text) {
                .bool(true)
            } else if ["false", "False", "FALSE"].contains(text) {
                .bool(false)
            } else if case .number(let number) = try? JSON.parse(text) {
                .number(number)
            } else {
                .string(text)
            }
        }
    }

    /// This with `other` laid over it: mappings are united member by member (names compared without
    /// case), anything else is replaced.
    func overlaid(with other: YAMLNode) -> YAMLNode {
        guard case .mapping(var members) = content, case .mapping(let others) = other.content else { return other }
        for member in others {
            if let index = members.firstIndex(where: { $0.name.lowercased() == member.name.lowercased() }) {
                members[index].value = members[index].value.overlaid(with: member.value)
            } else {
                members.append(member)
            }
        }
        return YAMLNode(content: .mapping(members), mark: mark)
    }

    /// Replaces the text of every scalar value; names of members stay.
    func mapScalars(_ transform: (String, YAMLMark) -> String) -> YAMLNode {
        var copy = self
        switch content {
        case .scalar(let text, let isPlain): copy.content = .scalar(transform(text, mark), isPlain: isPlain)
        case .sequence(let elements): copy.content = .sequence(elements.map { $0.mapScalars(transform) })
        case .mapping(let members):
            copy.content = .mapping(
                members.map { Member(name: $0.name, value: $0.value.mapScalars(transform), mark: $0.mark) })
        }
        return copy
    }
}
