import MechaCore
import MechaWire

/// `middleware.http.routeralias`: sends requests for paths of one's own to paths of the API.
public final class RouterAliasMiddleware: HTTPMiddleware {
    private let routes: [AliasRoute]

    init(_ metadata: ComponentMetadata) throws {
        var pairs: [(String, String)] = []
        if let text = metadata.string("routes") { pairs = try Self.table(text) }
        // The older form: a field for each path.
        for (key, value) in metadata.pairs where key.hasPrefix("/") { pairs.append((key, value)) }
        routes = try pairs.map { path, target in
            guard target.hasPrefix("/") else {
                throw MetadataError(field: "routes", problem: "leads \(path) to \"\(target)\"", expected: "a path that begins with /")
            }
            return try AliasRoute(path, target: target)
        }
    }

    public let status = ComponentStatus.ready
    public func start() async throws {}
    public func close() async {}

    public func judge(_ request: inout MiddlewareRequest) -> MiddlewareVerdict {
        let path = request.path
        for route in routes {
            guard let values = route.match(path) else { continue }
            let query = request.head.uri.dropFirst(path.utf8.count).dropFirst()
            request.head.uri = route.target(query: query, values)
            break
        }
        return .pass
    }

    /// A dictionary in JSON, or one in YAML with a path on each line.
    private static func table(_ text: String) throws -> [(String, String)] {
        func failure(_ problem: String) -> MetadataError {
            MetadataError(field: "routes", problem: problem, expected: "a dictionary from path to path, in JSON or YAML")
        }
        if text.drop(while: { $0.isWhitespace }).first == "{" {
            let document: JSON
            do { document = try JSON.parse(text) } catch { throw failure("cannot be read (\(error))") }
            return try (document.objectValue ?? []).map { member in
                guard let target = member.value.stringValue else { throw failure("has \(member.value.kindName) for \(member.name)") }
                return (member.name, target)
            }
        }
        var pairs: [(String, String)] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingBlanks()
            if line.isEmpty || line.hasPrefix("#") { continue }
            // A placeholder may hold a colon, but none with a blank after it.
            guard let colon = line.firstRange(of: ": ") else { throw failure("has no \"path: path\" in line \(index + 1)") }
            pairs.append((unquoted(line[..<colon.lowerBound]), unquoted(line[colon.upperBound...])))
        }
        return pairs
    }

    private static func unquoted(_ text: Substring) -> String {
        let text = text.trimmingBlanks()
        guard text.count >= 2, let mark = text.first, mark == "\"" || mark == "'", text.last == mark else { return String(text) }
        return String(text.dropFirst().dropLast())
    }

    /// `middleware.http.routeralias`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "middleware.http.routeralias", summary: "Maps paths of one's own to paths of the API",
        fields: [MetadataField("routes", .string, "Dictionary from path to path in JSON or YAML; {name} stands for a part of a path")]
    ) { metadata, _ in try RouterAliasMiddleware(metadata) }
}
