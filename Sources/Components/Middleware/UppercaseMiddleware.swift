import MechaCore
import MechaWire

/// `middleware.http.uppercase`: writes bodies in upper case, as a demonstration of pipelines.
public final class UppercaseMiddleware: HTTPMiddleware {
    private let changesRequest: Bool
    private let changesResponse: Bool

    init(_ metadata: ComponentMetadata) throws {
        let direction = try metadata.choice("direction", of: ["request", "response", "both"], default: "request")
        changesRequest = direction != "response"
        changesResponse = direction != "request"
    }

    public let status = ComponentStatus.ready
    public func start() async throws {}
    public func close() async {}

    public func judge(_ request: inout MiddlewareRequest) -> MiddlewareVerdict {
        if changesRequest { request.transformRequestBody { UppercaseTransform() } }
        if changesResponse { request.transformResponseBody { UppercaseTransform() } }
        return .pass
    }

    /// `middleware.http.uppercase`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "middleware.http.uppercase", summary: "Writes bodies in upper case, as a demonstration",
        fields: [
            MetadataField(
                "direction", .string, default: "request", choices: ["request", "response", "both"], "Whose body is changed")
        ]
    ) { metadata, _ in try UppercaseMiddleware(metadata) }
}
