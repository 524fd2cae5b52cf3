/// A domain name as its labels, the root left out. Names compare without ASCII case (RFC 6762 section 16).
struct DNSName: Sendable, Hashable, CustomStringConvertible {
    static let maximumLabelBytes = 63
    /// On the wire, with a length byte for each label and the root (RFC 1035 section 3.1).
    static let maximumBytes = 255

    let labels: [String]

    /// Nil when a label is empty or too long, or the name is.
    init?(_ labels: [String]) {
        guard labels.allSatisfy({ (1...Self.maximumLabelBytes).contains($0.utf8.count) }),
            labels.reduce(1, { $0 + 1 + $1.utf8.count }) <= Self.maximumBytes
        else { return nil }
        self.labels = labels
    }

    /// The name one level below this one.
    func prefixed(by label: String) -> DNSName? { DNSName([label] + labels) }

    var description: String { labels.joined(separator: ".") + "." }

    /// The labels in the case in which they are compared.
    var folded: [String] { labels.map(Self.fold) }

    static func == (a: DNSName, b: DNSName) -> Bool { a.folded == b.folded }

    func hash(into hasher: inout Hasher) { hasher.combine(folded) }

    private static func fold(_ label: String) -> String {
        guard label.utf8.contains(where: { (0x41...0x5a).contains($0) }) else { return label }
        return String(decoding: label.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
