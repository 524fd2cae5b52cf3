import MechaCore

/// The name of an operation in access rules: a path in which `*` stands for one segment and `**` for the rest.
struct OperationPattern: Sendable, Equatable {
    fileprivate enum Part: Sendable, Equatable {
        case text(String)
        case one
        case rest
    }

    fileprivate let parts: [Part]

    init(_ name: String) {
        var parts: [Part] = []
        for segment in name.split(separator: "/", omittingEmptySubsequences: true) {
            switch segment {
            case "*": parts.append(.one)
            case "**": parts.append(.rest)
            default: parts.append(.text(String(segment)))
            }
        }
        self.parts = parts
    }

    /// The segments of a path as the app will understand it: escapes undone, dots resolved. Nil when an
    /// escape is malformed.
    static func segments(ofPath path: Substring) -> [String]? {
        guard let bytes = PercentCoding.bytes(of: path.utf8), let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var segments: [String] = []
        for segment in text.split(separator: "/", omittingEmptySubsequences: true) {
            switch segment {
            case ".": continue
            case "..": _ = segments.popLast()
            default: segments.append(String(segment))
            }
        }
        return segments
    }

    func matches(_ segments: [String], ignoringCase: Bool) -> Bool {
        var index = 0
        for part in parts {
            switch part {
            case .rest: return true
            case .one: guard index < segments.count else { return false }
            case .text(let text):
                guard index < segments.count,
                    ignoringCase ? text.lowercased() == segments[index].lowercased() : text == segments[index]
                else { return false }
            }
            index += 1
        }
        return index == segments.count
    }

    /// Whether `a` says less than `b` of the paths that both match: at the first difference, text is narrower than
    /// `*`, and `*` than `**`.
    static func isWider(_ a: OperationPattern, _ b: OperationPattern) -> Bool {
        for (left, right) in zip(a.parts, b.parts) where left.rank != right.rank { return left.rank < right.rank }
        return a.parts.count < b.parts.count
    }
}

extension OperationPattern.Part {
    fileprivate var rank: Int {
        switch self {
        case .text: 2
        case .one: 1
        case .rest: 0
        }
    }
}
