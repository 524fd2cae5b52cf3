import MechaInvocation
import MechaWasm
import NIOCore
import NIOHTTP1
import Synchronization

extension WASIHTTP {
    static let requestFunctions: [String: ComponentFunction] = outgoingRequestFunctions.merging(optionsFunctions) { $1 }

    private static let outgoingRequestFunctions: [String: ComponentFunction] = [
        "[constructor]outgoing-request": .immediate { call in
            let limit = call.guest().context.limits.responseBytes
            return try call.give(OutgoingRequest(try call.object(0), limit: limit), Kind.outgoingRequest)
        },
        "[method]outgoing-request.body": .immediate { call in
            let request: OutgoingRequest = try call.object(0)
            guard !request.isBodyTaken else { return refused }
            request.isBodyTaken = true
            return .ok(try call.give(request.body, Kind.outgoingBody))
        },
        "[method]outgoing-request.method": .immediate { call in method(try call.object(0, as: OutgoingRequest.self).method) },
        "[method]outgoing-request.set-method": .immediate { call in
            let request: OutgoingRequest = try call.object(0)
            guard let method = try method(call[1]) else { return refused }
            request.method = method
            return done
        },
        "[method]outgoing-request.path-with-query": .immediate { call in
            .option(try call.object(0, as: OutgoingRequest.self).target.map { .string($0) })
        },
        "[method]outgoing-request.set-path-with-query": .immediate { call in
            let (request, target) = (try call.object(0, as: OutgoingRequest.self), try call[1].optional?.string)
            guard target?.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) != false else { return refused }
            request.target = target
            return done
        },
        "[method]outgoing-request.scheme": .immediate { call in .option(try call.object(0, as: OutgoingRequest.self).scheme) },
        "[method]outgoing-request.set-scheme": .immediate { call in
            try call.object(0, as: OutgoingRequest.self).scheme = try call[1].optional
            return done
        },
        "[method]outgoing-request.authority": .immediate { call in
            .option(try call.object(0, as: OutgoingRequest.self).authority.map { .string($0) })
        },
        "[method]outgoing-request.set-authority": .immediate { call in
            let (request, authority) = (try call.object(0, as: OutgoingRequest.self), try call[1].optional?.string)
            guard authority?.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x2f }) != false else { return refused }
            request.authority = authority
            return done
        },
        "[method]outgoing-request.headers": .immediate { call in
            try call.give(try call.object(0, as: OutgoingRequest.self).fields, Kind.fields)
        },
        "[method]future-incoming-response.subscribe": .immediate { call in
            try call.give(GuestPollable(.operation(try call.object(0, as: FutureResponse.self).operation)), Kind.pollable)
        },
        "[method]future-incoming-response.get": .immediate { call in
            switch try call.object(0, as: FutureResponse.self).take() {
            case nil: .option(nil)
            case .some(nil): .option(refused)
            case .some(.response(let response)?):
                .option(.ok(.ok(try call.give(IncomingResponse(response), Kind.incomingResponse))))
            case .some(.failure(let error)?): .option(.ok(.failure(error)))
            }
        },
    ]

    private static let optionsFunctions: [String: ComponentFunction] = {
        var functions: [String: ComponentFunction] = [
            "[constructor]request-options": .immediate { call in try call.give(RequestOptions(), Kind.requestOptions) }
        ]
        let times: [(String, any ReferenceWritableKeyPath<RequestOptions, UInt64?> & Sendable)] = [
            ("connect-timeout", \.connect), ("first-byte-timeout", \.firstByte), ("between-bytes-timeout", \.betweenBytes),
        ]
        for (name, time) in times {
            functions["[method]request-options.\(name)"] = .immediate { call in
                .option(try call.object(0, as: RequestOptions.self)[keyPath: time].map { .u64($0) })
            }
            functions["[method]request-options.set-\(name)"] = .immediate { call in
                try call.object(0, as: RequestOptions.self)[keyPath: time] = try call[1].optional?.number
                return done
            }
        }
        return functions
    }()

    // MARK: - outgoing-handler

    /// Calls the app whose id the authority is, once the body is whole.
    static func handle(_ call: ComponentCall) throws -> ComponentValue {
        let guest: ComponentGuest = call.guest()
        let request: OutgoingRequest = try call.object(0)
        let options = try call[1].optional.map { try call.instance.object(try $0.handle, as: RequestOptions.self) }
        try guest.countOutboundCall()
        guard let authority = request.authority else { return .failure(.variant("HTTP-request-URI-invalid", nil)) }
        guard guest.context.grants.invoke.grants(authority) else {
            guest.log(.warning, "a request for \(authority) is refused: it needs the grant `invoke`", bytes: 64)
            return .failure(.variant("HTTP-request-denied", nil))
        }
        let method: MethodPath
        do {
            method = try MethodPath(target: request.target ?? "/")
        } catch {
            return .failure(.variant("HTTP-request-URI-invalid", nil))
        }
        var headers = request.fields.headers
        let contentType = headers.first(name: "content-type")
        headers.remove(name: "content-type")
        let fields = headers
        let (verb, trace, runtime) = (request.method, guest.request?.trace, guest.context.runtime)
        let own = options?.nanoseconds.map { NIODeadline.now() + .nanoseconds(Int64(clamping: $0)) }
        let deadline = [guest.store.budget.deadline, own].compactMap { $0 }.min()
        let future = FutureResponse()
        let body = request.body
        let begin: @Sendable (Bool) -> Void = { isWhole in
            guard isWhole else { return future.finish(.failure(internalError("the request's body was not finished"))) }
            let app = AppRequest(
                verb, method, headers: fields, contentType: contentType, body: body.bytes, trace: trace)
            Task.detached {
                do {
                    guard let invoker = runtime.invoker else {
                        return future.finish(.failure(internalError("the runtime is still starting")))
                    }
                    future.finish(.response(try await invoker.invoke(app, at: try invoker.target(authority), deadline: deadline)))
                } catch {
                    future.finish(.failure(code(of: GuestFailure(error))))
                }
            }
        }
        if request.isBodyTaken { body.onEnd(begin) } else { begin(true) }
        return .ok(try call.give(future, Kind.futureIncomingResponse))
    }

    private static func code(of failure: GuestFailure) -> ComponentValue {
        switch failure.status {
        case .notFound: .variant("destination-not-found", nil)
        case .denied: .variant("HTTP-request-denied", nil)
        case .unavailable: .variant("destination-unavailable", nil)
        case .timeout: .variant("HTTP-response-timeout", nil)
        default: internalError(failure.message)
        }
    }
}
