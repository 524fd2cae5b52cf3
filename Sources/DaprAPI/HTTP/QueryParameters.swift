import MechaCore

/// The query part of a request target.
struct QueryParameters: Sendable {
    private(set) var pairs: [(name: String, value: String)] = []

    init(_ query: Substring) throws {
        for part in query.split(separator: "&") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(halves[0], plusIsBlank: true),
                let value = PercentCoding.decode(halves.count > 1 ? halves[1] : "", plusIsBlank: true)
            else { throw DaprError.badRequest("the query has a broken percent escape") }
            pairs.append((name, value))
        }
    }

    /// The first value of that name.
    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// `metadata.<key>=<value>` pairs, without the prefix.
    var metadata: [String: String] {
        var metadata: [String: String] = [:]
        for (name, value) in pairs where name.hasPrefix("metadata.") { metadata[String(name.dropFirst(9))] = value }
        return metadata
    }
}
