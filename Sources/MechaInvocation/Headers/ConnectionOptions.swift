import NIOHTTP1

/// The header names that a message's `Connection` fields make hop-by-hop (RFC 9110 section 7.6.1).
struct ConnectionOptions {
    private var names: [Substring] = []

    mutating func add(_ value: String) {
        for option in value.split(separator: ",") {
            let name = option.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
            // The usual options name no header that would be there otherwise.
            if name.isEmpty || name.utf8.count == 5 && name.lowercased() == "close" { continue }
            if name.utf8.count == 10 && name.lowercased() == "keep-alive" { continue }
            names.append(name)
        }
    }

    var isEmpty: Bool { names.isEmpty }

    func contains(_ name: String) -> Bool {
        names.contains { $0.utf8.count == name.utf8.count && $0.lowercased() == name.lowercased() }
    }
}
