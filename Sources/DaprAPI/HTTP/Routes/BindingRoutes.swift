import MechaCore
import MechaHost
import NIOCore
import NIOHTTP1

/// The output binding API (section 1.4 of the Dapr surface).
enum BindingRoutes {
    static let all: [HTTPRoute] = [
        HTTPRoute(.POST, .PUT, at: "bindings/{name}", .v1, .bindings, handler: invoke)
    ]

    @Sendable private static func invoke(_ call: HTTPCall) async throws {
        let document = try JSON.parse(await call.body())
        guard document.objectValue != nil else { throw DaprError.malformed("expected an object, got \(document.kindName)") }
        var metadata: [String: String] = [:]
        for member in document["metadata"]?.objectValue ?? [] { metadata[member.name] = member.value.stringValue ?? member.value.text }
        let request = BindingRequest(
            operation: document["operation"]?.stringValue ?? "",
            data: document["data"].map { $0 == .null ? ByteBuffer() : $0.buffer } ?? ByteBuffer(), metadata: metadata)
        let response = try await call.app.invokeBinding(call.parameter(0), request, trace: call.trace)
        var headers = HTTPHeaders()
        for (name, value) in response.metadata.sorted(by: { $0.key < $1.key }) where isHeaderValue(value) {
            headers.add(name: "metadata.\(name)", value: value)
        }
        guard let data = response.data, data.readableBytes > 0 else { return call.answer(.noContent, headers: headers) }
        headers.add(name: "content-type", value: response.contentType ?? "application/json")
        call.exchange.respond(status: .ok, headers: headers, body: data)
    }

    private static func isHeaderValue(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } }
}
