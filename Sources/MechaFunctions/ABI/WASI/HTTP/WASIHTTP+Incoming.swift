import MechaInvocation
import MechaWasm
import NIOCore
import NIOHTTP1

extension WASIHTTP {
    static let incomingFunctions: [String: ComponentFunction] = [
        "[method]incoming-request.method": .immediate { call in
            method(try call.object(0, as: IncomingRequest.self).request.verb ?? .POST)
        },
        "[method]incoming-request.path-with-query": .immediate { call in
            let target = try call.object(0, as: IncomingRequest.self).request.method.target
            return .option(.string(target.hasPrefix("/") ? target : "/" + target))
        },
        "[method]incoming-request.scheme": .immediate { _ in .option(.variant("HTTP", nil)) },
        "[method]incoming-request.authority": .immediate { call in
            .option(try call.object(0, as: IncomingRequest.self).request.headers.first(name: "host").map { .string($0) })
        },
        "[method]incoming-request.headers": .immediate { call in
            try call.give(try call.object(0, as: IncomingRequest.self).fields, Kind.fields)
        },
        "[method]incoming-request.consume": .immediate { call in
            guard let body = try call.object(0, as: IncomingRequest.self).takeBody() else { return refused }
            return .ok(try call.give(body, Kind.incomingBody))
        },
        "[method]incoming-response.status": .immediate { call in .u16(try call.object(0, as: IncomingResponse.self).status) },
        "[method]incoming-response.headers": .immediate { call in
            try call.give(try call.object(0, as: IncomingResponse.self).fields, Kind.fields)
        },
        "[method]incoming-response.consume": .immediate { call in
            guard let body = try call.object(0, as: IncomingResponse.self).takeBody() else { return refused }
            return .ok(try call.give(body, Kind.incomingBody))
        },
        "[method]incoming-body.stream": .immediate { call in
            guard let stream = try call.object(0, as: IncomingBody.self).takeStream() else { return refused }
            return .ok(try call.give(stream, Kind.inputStream))
        },
        "[static]incoming-body.finish": .immediate { call in
            try call.give(FutureTrailers(try call.object(0, as: IncomingBody.self).trailers), Kind.futureTrailers)
        },
        "[method]future-trailers.subscribe": .immediate { call in try call.give(GuestPollable(.ready), Kind.pollable) },
        "[method]future-trailers.get": .immediate { call in
            guard let trailers = try call.object(0, as: FutureTrailers.self).take() else { return .option(refused) }
            let fields: ComponentValue? = trailers.isEmpty ? nil : try call.give(GuestFields(trailers), Kind.fields)
            return .option(.ok(.ok(.option(fields))))
        },
        "http-error-code": .immediate { call in
            .option(internalError(try call.object(0, as: GuestStreamError.self).message))
        },
    ]

    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]

    static func method(_ method: HTTPMethod) -> ComponentValue {
        methods.contains(method.rawValue)
            ? .variant(method.rawValue.lowercased(), nil) : .variant("other", .string(method.rawValue))
    }

    /// Nil for one that is none.
    static func method(_ value: ComponentValue) throws -> HTTPMethod? {
        let (name, payload) = try value.variant
        guard name == "other" else { return HTTPMethod(rawValue: name.uppercased()) }
        let other = try payload?.string ?? ""
        return HeaderText.isName(other) ? HTTPMethod(rawValue: other) : nil
    }
}
