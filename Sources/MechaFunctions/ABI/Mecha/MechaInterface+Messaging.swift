import MechaCore
import MechaHost
import MechaInvocation
import MechaMessaging
import MechaTelemetry
import MechaWasm
import NIOCore
import NIOHTTP1

/// Publishing, calling others, bindings, secrets.
extension MechaInterface {
    static var messagingFunctions: [WasmHostFunction] {
        [
            outbound("publish", 8, hasOutput: false) { guest, arguments in
                let (pubsub, topic, data) = (try arguments.text(), try arguments.text(), try arguments.bytes())
                var attributes = try GuestRecords.attributes(arguments.bytes(), "attributes")
                try require(guest.context.grants.pubsub.grants(pubsub), "pub/sub component", pubsub)
                let request = PublishRequest(
                    topic: topic, data: data, contentType: attributes.removeValue(forKey: "contentType") ?? "",
                    metadata: attributes, trace: guest.request?.trace)
                return { runtime in
                    try await runtime.publish(request, pubsub: pubsub)
                    return GuestResult()
                }
            },
            outbound("invoke", 10, hasOutput: true) { guest, arguments in
                let (app, verb, method) = (try arguments.text(), try arguments.text(), try arguments.text())
                let headers = try GuestRecords.list(arguments.bytes(), "headers") { $0.pair() }
                let body = try arguments.bytes()
                try require(guest.context.grants.invoke.grants(app), "app", app)
                let request = try self.request(verb, method, headers, body, trace: guest.request?.trace)
                let deadline = guest.instance.budget.deadline
                return { runtime in
                    guard let invoker = runtime.invoker else { throw RuntimeError.functionsStartEarly }
                    let response = try await invoker.invoke(request, at: try invoker.target(app), deadline: deadline)
                    return GuestResult(response.body, attributes: self.attributes(of: response))
                }
            },
            outbound("binding", 8, hasOutput: true) { guest, arguments in
                let (name, operation, data) = (try arguments.text(), try arguments.text(), try arguments.bytes())
                let metadata = try GuestRecords.attributes(arguments.bytes(), "metadata")
                try require(guest.context.grants.bindings.grants(name), "binding", name)
                let trace = guest.request?.trace
                return { runtime in
                    let response = try await runtime.invokeBinding(
                        name, BindingRequest(operation: operation, data: data, metadata: metadata), trace: trace)
                    return GuestResult(
                        response.data ?? ByteBuffer(), attributes: response.metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
                }
            },
        ]
    }

    static var storeFunctions: [WasmHostFunction] {
        [
            outbound("secret_get", 6, hasOutput: true) { guest, arguments in
                let (store, name) = (try arguments.text(), try arguments.text())
                let metadata = try GuestRecords.attributes(arguments.bytes(), "metadata")
                try require(guest.context.grants.secrets.grants(store), "secret store", store)
                return { runtime in
                    let values = try await runtime.secret(store: store, name: name, metadata: metadata)
                    let pairs = values.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
                    return GuestResult(ByteBuffer(pairs: pairs), attributes: pairs)
                }
            }
        ]
    }

    static func request(
        _ verb: String, _ method: String, _ headers: [(name: String, value: String)], _ body: ByteBuffer, trace: TraceContext?
    ) throws -> AppRequest {
        guard HeaderText.isName(verb) else { throw GuestFailure(.invalid, "the verb is none of HTTP") }
        var fields = HTTPHeaders()
        var contentType: String?
        for (name, value) in headers {
            guard HeaderText.isName(name), HeaderText.isValue(value) else {
                throw GuestFailure(.invalid, "a header has characters in its name or value that do not belong there")
            }
            if HeaderText.isOfConnection(name) { continue }
            if name.lowercased() == "content-type" { contentType = value } else { fields.add(name: name, value: value) }
        }
        return AppRequest(
            HTTPMethod(rawValue: verb), try MethodPath(target: method), headers: fields, contentType: contentType, body: body,
            trace: trace)
    }

    /// `:status`, then the headers of the answer.
    static func attributes(of response: AppResponse) -> [(name: String, value: String)] {
        let status: Int =
            switch response.outcome {
            case .http(let status): Int(status.code)
            case .grpc(let status): status.code == .ok ? 200 : 500
            }
        var attributes = [(name: ":status", value: String(status))]
        if case .grpc(let status) = response.outcome {
            attributes.append(("grpc-status", String(status.code.rawValue)))
            attributes.append(("grpc-message", status.message))
        }
        if let type = response.contentType { attributes.append(("content-type", type)) }
        attributes += response.headers.map { ($0.name, $0.value) }
        return attributes
    }
}

extension RuntimeError {
    fileprivate static let functionsStartEarly = RuntimeError(.starting, "the runtime is still starting: it can call nobody yet")
}
