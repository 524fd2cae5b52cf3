import MechaWasm
import NIOCore
import NIOHTTP1

extension WASIHTTP {
    static let outgoingFunctions: [String: ComponentFunction] = [
        "[constructor]outgoing-response": .immediate { call in
            let limit = call.guest().context.limits.responseBytes
            return try call.give(OutgoingResponse(try call.object(0), limit: limit), Kind.outgoingResponse)
        },
        "[method]outgoing-response.status-code": .immediate { call in .u16(try call.object(0, as: OutgoingResponse.self).status) },
        "[method]outgoing-response.set-status-code": .immediate { call in
            let (response, status) = (try call.object(0, as: OutgoingResponse.self), try call[1].number)
            guard (200...599).contains(status) else { return refused }
            response.status = UInt16(status)
            return done
        },
        "[method]outgoing-response.headers": .immediate { call in
            try call.give(try call.object(0, as: OutgoingResponse.self).fields, Kind.fields)
        },
        "[method]outgoing-response.body": .immediate { call in
            let response: OutgoingResponse = try call.object(0)
            guard !response.isBodyTaken else { return refused }
            response.isBodyTaken = true
            return .ok(try call.give(response.body, Kind.outgoingBody))
        },
        "[method]outgoing-body.write": .immediate { call in
            guard let stream = try call.object(0, as: OutgoingBody.self).takeStream() else { return refused }
            return .ok(try call.give(stream, Kind.outputStream))
        },
        "[static]outgoing-body.finish": .immediate { call in
            let body: OutgoingBody = try call.object(0)
            let trailers = try call[1].optional.map { try call.instance.object(try $0.handle, as: GuestFields.self).headers }
            body.finish(trailers ?? [:])
            return done
        },
        "[static]response-outparam.set": .immediate { call in
            let outparam: ResponseOutparam = try call.object(0)
            switch try call[1] {
            case .ok(let response?): outparam.answer = .response(try call.instance.object(try response.handle))
            case .failure(let error?): outparam.answer = .error(describe(error))
            default: throw ComponentTypeError("result of a response or an error")
            }
            return nil
        },
    ]

    /// An `error-code` for people.
    private static func describe(_ error: ComponentValue) -> String {
        guard let (name, payload) = try? error.variant else { return "an error" }
        if case .option(.string(let text)?)? = payload { return "\(name): \(text)" }
        return name
    }
}
