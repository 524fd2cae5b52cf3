import MechaCore
import NIOHTTP1

/// Cross-origin answers (`--allowed-origins`; section 1.0 of the Dapr surface).
struct CORSPolicy: Sendable {
    private let allowsAll: Bool
    private let origins: Set<String>

    static let methods = "HEAD, GET, POST, PUT, PATCH, DELETE"

    /// Nil for the empty text: CORS is off.
    init?(allowedOrigins: String) {
        let list = allowedOrigins.split(separator: ",").map { String($0.trimmingBlanks()) }.filter { !$0.isEmpty }
        guard !list.isEmpty else { return nil }
        allowsAll = list.contains("*")
        origins = Set(list)
    }

    private func allows(_ origin: String) -> Bool { allowsAll || origins.contains(origin) }

    /// Headers for the answer to a simple request; empty when the origin is not allowed or not named.
    func headers(for request: HTTPRequestHead) -> HTTPHeaders {
        guard let origin = request.headers.first(name: "origin"), allows(origin) else { return [:] }
        return ["access-control-allow-origin": allowsAll ? "*" : origin, "vary": "Origin"]
    }

    /// The answer to a preflight; nil when the request is none.
    func preflightHeaders(for request: HTTPRequestHead) -> HTTPHeaders? {
        guard request.method == .OPTIONS, request.headers.contains(name: "access-control-request-method") else { return nil }
        var headers = headers(for: request)
        if headers.isEmpty { return headers }
        headers.add(name: "access-control-allow-methods", value: Self.methods)
        if let wanted = request.headers.first(name: "access-control-request-headers") {
            headers.add(name: "access-control-allow-headers", value: wanted)
        }
        return headers
    }
}
