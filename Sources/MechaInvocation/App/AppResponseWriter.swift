import MechaCore
import MechaProto
import MechaWire
import NIOCore
import NIOHTTP1
import SwiftProtobuf

/// Gives the answer of a gRPC app to an HTTP caller (section 1.3 of the Dapr surface).
enum AppResponseWriter {
    static func respond(_ call: StreamedCall, _ response: AppResponse) {
        if let policed = call.policed {
            switch response.outcome {
            case .http(let status): if policed.takesOver(status: Int(status.code)) { return }
            case .grpc(let status): if policed.takesOver(status: 200, grpcStatus: status.code.rawValue) { return }
            }
        }
        var headers = response.headers
        if case .grpc = response.outcome { headers = MetadataRules.httpHeaders(fromMetadata: headers) }
        for (name, value) in call.responseHeaders where !headers.contains(name: name) { headers.add(name: name, value: value) }
        switch response.outcome {
        case .http(let status):
            if let contentType = response.contentType { headers.replaceOrAdd(name: "content-type", value: contentType) }
            guard !response.trailers.isEmpty else {
                return call.exchange.respond(status: status, headers: headers, body: response.body)
            }
            call.exchange.start(HTTPResponseHead(version: .http1_1, status: status, headers: headers))
            call.exchange.write(response.body, flush: false)
            call.exchange.end(trailers: response.trailers)
        case .grpc(let status) where status.code == .ok:
            headers.replaceOrAdd(name: "content-type", value: contentType(of: response))
            if call.isFromPeer {
                headers.add(name: HeaderName.grpcStatus, value: "0")
                if !response.typeURL.isEmpty { headers.add(name: HeaderName.typeURL, value: response.typeURL) }
            }
            call.exchange.respond(status: .ok, headers: headers, body: response.body)
        case .grpc(let status):
            headers.replaceOrAdd(name: "content-type", value: "application/json")
            if call.isFromPeer { headers.add(name: HeaderName.grpcStatus, value: PeerStatus.encode(status)) }
            call.exchange.respond(status: status.code.httpStatus, headers: headers, body: json(status))
        }
    }

    private static func contentType(of response: AppResponse) -> String {
        response.contentType ?? (response.typeURL.isEmpty ? "application/json" : "application/x-protobuf")
    }

    /// The status in JSON, with those details that have a JSON form here.
    private static func json(_ status: GRPCStatus) -> ByteBuffer {
        let rich = Google_Rpc_Status(status)
        if !status.details.isEmpty, let text = try? rich.jsonString() { return ByteBuffer(string: text) }
        let plain: JSON = .object([
            .init("code", .number(String(status.code.rawValue))), .init("message", .string(status.message)),
        ])
        return ByteBuffer(string: plain.text)
    }
}
