extension StateQuery.Filter {
    /// Whether a document passes.
    ///
    /// Order operators hold between two numbers or two strings only. A path that the document lacks
    /// passes `NEQ` and nothing else.
    public func matches(_ document: JSON) -> Bool {
        switch self {
        case .equal(let path, let value): document.value(at: path)?.isEquivalent(to: value) ?? false
        case .notEqual(let path, let value): !(document.value(at: path)?.isEquivalent(to: value) ?? false)
        case .greater(let path, let value): document.value(at: path)?.compare(to: value) == .greater
        case .less(let path, let value): document.value(at: path)?.compare(to: value) == .less
        case .greaterOrEqual(let path, let value): document.value(at: path)?.compare(to: value).map { $0 != .less } ?? false
        case .lessOrEqual(let path, let value): document.value(at: path)?.compare(to: value).map { $0 != .greater } ?? false
        case .oneOf(let path, let choices):
            document.value(at: path).map { value in choices.contains { $0.isEquivalent(to: value) } } ?? false
        case .and(let filters): filters.allSatisfy { $0.matches(document) }
        case .or(let filters): filters.contains { $0.matches(document) }
        }
    }
}
