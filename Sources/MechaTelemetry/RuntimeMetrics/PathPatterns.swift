/// The patterns of `http.pathMatching`, compiled into a tree of path segments.
///
/// `{name}` stands for one segment, `{name...}` or a trailing `/` for the rest of the path; a literal
/// segment wins over a wildcard, a wildcard over the rest.
struct PathPatterns: Sendable {
    /// More patterns than this are not taken.
    static let maximumPatterns = 256
    /// Deeper paths match only by their beginning.
    static let maximumSegments = 64

    private struct Node {
        var literals: [Substring: Int] = [:]
        var wildcard: Int?
        /// Index of the pattern that ends here.
        var pattern: Int?
        /// Index of the pattern that takes everything below.
        var rest: Int?
    }

    let patterns: [String]
    private var nodes: [Node] = [Node()]

    init(_ patterns: [String]) {
        self.patterns = Array(patterns.prefix(Self.maximumPatterns))
        for (index, pattern) in self.patterns.enumerated() { insert(pattern[...], index) }
    }

    private mutating func insert(_ pattern: Substring, _ index: Int) {
        var node = 0
        for segment in pattern.split(separator: "/") {
            if segment.hasPrefix("{"), segment.hasSuffix("...}") {
                nodes[node].rest = nodes[node].rest ?? index
                return
            }
            let isWildcard = segment.hasPrefix("{") && segment.hasSuffix("}")
            if let next = isWildcard ? nodes[node].wildcard : nodes[node].literals[segment] {
                node = next
                continue
            }
            nodes.append(Node())
            if isWildcard { nodes[node].wildcard = nodes.count - 1 } else { nodes[node].literals[segment] = nodes.count - 1 }
            node = nodes.count - 1
        }
        if pattern.hasSuffix("/") {
            nodes[node].rest = nodes[node].rest ?? index
        } else {
            nodes[node].pattern = nodes[node].pattern ?? index
        }
    }

    /// The index of the pattern for `path`, whose query is ignored.
    func match(_ path: String) -> Int? {
        guard nodes.count > 1 || nodes[0].rest != nil else { return nil }
        let segments = path.prefix { $0 != "?" }.split(separator: "/", maxSplits: Self.maximumSegments)
        return match(segments[...], at: 0)
    }

    private func match(_ segments: ArraySlice<Substring>, at index: Int) -> Int? {
        let node = nodes[index]
        guard let first = segments.first else { return node.pattern ?? node.rest }
        let below = segments.dropFirst()
        if let next = node.literals[first], let found = match(below, at: next) { return found }
        if let next = node.wildcard, let found = match(below, at: next) { return found }
        return node.rest
    }
}
