import NIOHTTP1

/// Finds the route of a path: a tree of path segments, literals before placeholders.
struct HTTPRouter: Sendable {
    struct Match: Sendable {
        let route: HTTPRoute
        /// Index of the route in ``HTTPRouter/routes``; bounds the label values of metrics.
        let index: Int
        /// Values of the placeholders in order, still percent-encoded.
        let parameters: [Substring]
    }

    let routes: [HTTPRoute]
    private var root = Node()

    private struct Node: Sendable {
        var literals: [Substring: Node] = [:]
        var placeholder: [Node] = []
        /// Routes that end here, and routes that take all that is left from here.
        var routes: [Int] = []
        var rest: [Int] = []
    }

    init(_ routes: [HTTPRoute]) {
        self.routes = routes
        for (index, route) in routes.enumerated() {
            Self.insert(index, Self.segments(of: Substring(route.fullTemplate))[...], into: &root)
        }
    }

    private static func insert(_ index: Int, _ segments: ArraySlice<Substring>, into node: inout Node) {
        guard let first = segments.first else {
            node.routes.append(index)
            return
        }
        if first.hasSuffix("...}") {
            node.rest.append(index)
        } else if first.hasPrefix("{") {
            if node.placeholder.isEmpty { node.placeholder.append(Node()) }
            insert(index, segments.dropFirst(), into: &node.placeholder[0])
        } else {
            insert(index, segments.dropFirst(), into: &node.literals[first, default: Node()])
        }
    }

    /// `path` without its query. Repeated and trailing slashes are passed over.
    func match(_ method: HTTPMethod, _ path: Substring) -> Match? {
        var parameters: [Substring] = []
        parameters.reserveCapacity(4)
        guard let index = find(method, path, in: root, &parameters) else { return nil }
        return Match(route: routes[index], index: index, parameters: parameters)
    }

    private func find(_ method: HTTPMethod, _ path: Substring, in node: Node, _ parameters: inout [Substring]) -> Int? {
        guard let (segment, rest) = Self.nextSegment(of: path) else {
            return node.routes.first { routes[$0].methods.contains(method) }
        }
        if let child = node.literals[segment], let found = find(method, rest, in: child, &parameters) { return found }
        if let child = node.placeholder.first {
            parameters.append(segment)
            if let found = find(method, rest, in: child, &parameters) { return found }
            parameters.removeLast()
        }
        if let index = node.rest.first(where: { routes[$0].methods.contains(method) }) {
            parameters.append(path.drop { $0 == "/" })
            return index
        }
        return nil
    }

    private static func nextSegment(of path: Substring) -> (segment: Substring, rest: Substring)? {
        let utf8 = path.utf8
        guard let start = utf8.firstIndex(where: { $0 != UInt8(ascii: "/") }) else { return nil }
        let end = utf8[start...].firstIndex(of: UInt8(ascii: "/")) ?? utf8.endIndex
        return (path[start..<end], path[end...])
    }

    private static func segments(of path: Substring) -> [Substring] {
        var segments: [Substring] = []
        var rest = path
        while let (segment, remainder) = nextSegment(of: rest) {
            segments.append(segment)
            rest = remainder
        }
        return segments
    }
}
