/// A class of characters.
struct RegularExpressionSet: Sendable {
    enum Item: Sendable {
        case range(ClosedRange<UInt32>)
        /// A Unicode general category, by its one or two letters.
        case category(String, isNegated: Bool)
        indirect case not(RegularExpressionSet)
    }

    var items: [Item]
    var isNegated = false
    var ignoresCase = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        if holds(scalar) { return !isNegated }
        if ignoresCase, CaseFolding.others(of: scalar).contains(where: holds) { return !isNegated }
        return isNegated
    }

    private func holds(_ scalar: Unicode.Scalar) -> Bool {
        items.contains { item in
            switch item {
            case .range(let range): range.contains(scalar.value)
            case .category(let name, let isNegated): UnicodeCategory.contains(scalar, name) != isNegated
            case .not(let set): !set.contains(scalar)
            }
        }
    }
}
