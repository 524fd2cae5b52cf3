import NIOCore

/// Runs a ``StateQuery`` over entries that a store hands it one by one: the part of the query API that
/// does not depend on the store.
///
/// It keeps no more than a page of entries, whatever the size of the store. A page's token names the
/// last entry by its sort values and key, so that entries which come or go between two pages neither
/// repeat others nor hide them.
public struct StateQueryEvaluator {
    /// Results on a page when the query names no limit.
    public static let defaultPageResults = 1_000
    /// The most results on a page, whatever the query asks for.
    public static let maximumPageResults = 10_000

    private let query: StateQuery
    private let limit: Int
    private let after: Position?
    /// Sorted; one more than the page holds shows that there are more.
    private var best: [Candidate] = []

    private struct Position {
        var key: String
        var sortValues: [JSON?]
    }

    private struct Candidate {
        var position: Position
        var entry: StateEntry
    }

    /// Throws ``CapabilityError/Code/invalidArgument`` when the query's token is not one of this evaluator's.
    public init(_ query: StateQuery) throws(CapabilityError) {
        self.query = query
        limit = min(query.limit ?? Self.defaultPageResults, Self.maximumPageResults)
        if let token = query.token {
            guard let position = Self.readToken(token, sortCount: query.sort.count) else {
                throw CapabilityError(.invalidArgument, "query: page.token: not a token of this query")
            }
            after = position
        } else {
            after = nil
        }
    }

    /// With entries offered in ascending order of keys, the first key worth offering comes after this
    /// one; nil when all must be offered.
    public var startAfterKey: String? { query.sort.isEmpty ? after?.key : nil }

    /// Looks at one live entry. Values that are not JSON are passed over. False means that entries with
    /// greater keys can no longer change the page.
    public mutating func consider(key: String, entry: StateEntry) -> Bool {
        guard UTF8Order.hasPrefix(key, query.keyPrefix), let document = try? JSON.parse(entry.value),
            query.filter?.matches(document) ?? true
        else { return true }
        let position = Position(key: key, sortValues: query.sort.map { Self.sortValue(document, $0.path) })
        if let after, !precedes(after, position) { return true }
        insert(Candidate(position: position, entry: entry))
        return !(query.sort.isEmpty && best.count > limit)
    }

    /// The page of everything considered so far.
    public func page() -> StateQueryPage {
        let results = best.prefix(limit).map { (key: $0.position.key, entry: $0.entry) }
        guard best.count > limit, let last = best.prefix(limit).last else { return StateQueryPage(results: results) }
        return StateQueryPage(results: results, token: Self.token(last.position))
    }

    // MARK: - Order

    /// Arrays and objects have no order of their own, so that their contents need not be kept.
    private static func sortValue(_ document: JSON, _ path: String) -> JSON? {
        switch document.value(at: path) {
        case .array: .array([])
        case .object: .object([])
        case let scalar: scalar
        }
    }

    private func precedes(_ a: Position, _ b: Position) -> Bool {
        for (index, sorting) in query.sort.enumerated() {
            switch JSON.sortingOrder(a.sortValues[index], b.sortValues[index]) {
            case .equal: continue
            case .less: return !sorting.descending
            case .greater: return sorting.descending
            }
        }
        return UTF8Order.isLess(a.key, b.key)
    }

    private mutating func insert(_ candidate: Candidate) {
        if best.count > limit, let last = best.last, !precedes(candidate.position, last.position) { return }
        var low = 0
        var high = best.count
        while low < high {
            let middle = (low + high) / 2
            if precedes(best[middle].position, candidate.position) { low = middle + 1 } else { high = middle }
        }
        best.insert(candidate, at: low)
        if best.count > limit + 1 { best.removeLast() }
    }

    // MARK: - Token: [key, [value] or [] for each sort path]

    private static func token(_ position: Position) -> String {
        JSON.array([.string(position.key)] + position.sortValues.map { .array($0.map { [$0] } ?? []) }).text
    }

    private static func readToken(_ token: String, sortCount: Int) -> Position? {
        guard let elements = (try? JSON.parse(token))?.arrayValue, elements.count == sortCount + 1,
            let key = elements[0].stringValue
        else { return nil }
        var sortValues: [JSON?] = []
        for element in elements.dropFirst() {
            guard let value = element.arrayValue, value.count <= 1 else { return nil }
            sortValues.append(value.first)
        }
        return Position(key: key, sortValues: sortValues)
    }
}
