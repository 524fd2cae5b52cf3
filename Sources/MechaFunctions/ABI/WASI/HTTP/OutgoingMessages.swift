import MechaWasm
import NIOCore
import NIOHTTP1

/// An answer that a component makes.
final class OutgoingResponse: @unchecked Sendable {
    let fields: GuestFields
    let body: OutgoingBody
    var status: UInt16 = 200
    var isBodyTaken = false

    init(_ fields: GuestFields, limit: Int) {
        self.fields = fields
        fields.isImmutable = true
        body = OutgoingBody(limit: limit)
    }
}

/// A body that a component writes, of a response or a request of its own.
final class OutgoingBody: ComponentResource, @unchecked Sendable {
    private(set) var bytes = ByteBuffer()
    private(set) var trailers: HTTPHeaders = [:]
    private(set) var isFinished = false
    private let limit: Int
    private var isStreamTaken = false
    /// Told once when the body is whole, or never will be.
    private var whenEnded: (@Sendable (Bool) -> Void)?

    init(limit: Int) { self.limit = limit }

    func takeStream() -> GuestOutputStream? {
        guard !isStreamTaken else { return nil }
        isStreamTaken = true
        return GuestOutputStream(self)
    }

    func append(_ more: ByteBuffer) throws(FunctionError) {
        guard bytes.readableBytes + more.readableBytes <= limit else {
            throw FunctionError(.responseTooLarge, "a body is larger than the function's \(limit) bytes")
        }
        bytes.writeImmutableBuffer(more)
    }

    func finish(_ trailers: HTTPHeaders) {
        self.trailers = trailers
        isFinished = true
        whenEnded.take()?(true)
    }

    func onEnd(_ body: @escaping @Sendable (Bool) -> Void) {
        if isFinished { body(true) } else { whenEnded = body }
    }

    /// Without having been finished it is not whole.
    func dropped() { whenEnded.take()?(false) }
}

/// What a component answers with: set once.
final class ResponseOutparam: @unchecked Sendable {
    enum Answer {
        case response(OutgoingResponse)
        case error(String)
    }

    var answer: Answer?
}

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
