import MechaCore
import MechaExpressions
import MechaWire

/// `middleware.http.routerchecker`: refuses requests whose target does not match a rule.
public final class RouterCheckerMiddleware: HTTPMiddleware {
    private let rule: RegularExpression

    init(_ metadata: ComponentMetadata) throws {
        rule = try RegularExpression(of: "rule", in: metadata, text: try metadata.required("rule"))
    }

    public let status = ComponentStatus.ready
    public func start() async throws {}
    public func close() async {}

    public func judge(_ request: inout MiddlewareRequest) -> MiddlewareVerdict {
        rule.matches(request.head.uri) ? .pass : .answer(.refusal(.badRequest, "invalid router"))
    }

    /// `middleware.http.routerchecker`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "middleware.http.routerchecker", summary: "Refuses requests whose target does not match a regular expression",
        fields: [MetadataField("rule", .string, required: true, "Regular expression (RE2) that path and query must match somewhere")]
    ) { metadata, _ in try RouterCheckerMiddleware(metadata) }
}

extension RegularExpression {
    /// Reads the value of a metadata field.
    init(of field: String, in metadata: ComponentMetadata, text: String) throws {
        do {
            try self.init(text)
        } catch {
            throw MetadataError(field: field, problem: "is no regular expression (\(error))", expected: "one in RE2's syntax")
        }
    }
}
