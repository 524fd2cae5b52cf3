import MechaWasm

/// `wasi:http` 0.2: how a component answers requests, and makes its own.
enum WASIHTTP {
    static let handler = "wasi:http/incoming-handler"

    typealias Kind = WASIPreview2.Kind

    static let types = ComponentInterface(
        functions: fieldsFunctions.merging(incomingFunctions) { $1 }.merging(outgoingFunctions) { $1 }.merging(requestFunctions) { $1 },
        resources: resources)

    static let outgoingHandler = ComponentInterface(functions: ["handle": .immediate { call in try handle(call) }], resources: resources)

    private static let resources: [String: ComponentResourceKind] = WASIPreview2.streamResources.merging([
        "io-error": Kind.error, "fields": Kind.fields, "headers": Kind.fields, "trailers": Kind.fields,
        "incoming-request": Kind.incomingRequest, "outgoing-request": Kind.outgoingRequest, "request-options": Kind.requestOptions,
        "response-outparam": Kind.responseOutparam, "incoming-response": Kind.incomingResponse, "incoming-body": Kind.incomingBody,
        "future-trailers": Kind.futureTrailers, "outgoing-response": Kind.outgoingResponse, "outgoing-body": Kind.outgoingBody,
        "future-incoming-response": Kind.futureIncomingResponse,
    ]) { $1 }

    static let done = ComponentValue.ok(nil)
    static let refused = ComponentValue.failure(nil)

    static func internalError(_ message: String) -> ComponentValue {
        .variant("internal-error", .option(.string(message)))
    }
}
