import MechaCore
import MechaHost
import MechaInvocation
import MechaWasm
import NIOCore
import NIOHTTP1

/// Calls that leave the instance: HTTP calls that are answered by a callback, and Layotto's two, which wait.
extension ProxyWasmInterface {
    /// HTTP calls under way for one guest.
    private static let httpCallsAtMost = 100

    static var callFunctions: [WasmHostFunction] {
        [
            function("proxy_http_call", 10) { guest, call in
                let upstream = try text(call, 0)
                let (pairs, body) = (HeaderPairs.decode(try bytes(call, 2)), try bytes(call, 4))
                let trailers = HeaderPairs.decode(try bytes(call, 6))
                try check(call, inputs: [], outputs: [9])
                guard let pairs, trailers != nil, let request = request(pairs, body, guest) else { return .badArgument }
                guard guest.context.grants.invoke.grants(upstream) else {
                    guest.context.logger.warning("the app \(upstream) is not granted to the function")
                    return .badArgument
                }
                guard guest.httpCalls.count < httpCallsAtMost else { return .internalFailure }
                try guest.countOutboundCall()
                let runtime = guest.context.runtime
                let deadline = min(
                    NIODeadline.now() + .milliseconds(Int64(call[8])), guest.instance.budget.deadline ?? .distantFuture)
                let id = guest.nextCallID()
                guest.httpCalls.append(
                    (id, guest.effectiveContext, Task { await answer(of: upstream, to: request, runtime, deadline) }))
                try call.instance.store(id, at: call[9])
                return .ok
            },
            waiting("proxy_get_state", 4) { guest, call in
                let (store, key) = (try text(call, 0), try text(call, 2))
                guard guest.context.grants.state.grants(store) else {
                    throw GuestFailure(.denied, "the state store \(store) is not granted to the function")
                }
                return { runtime in
                    try await runtime.getState(store: store, key: key, options: StateReadOptions())?.value ?? ByteBuffer()
                }
            },
            waiting("proxy_invoke_service", 6) { guest, call in
                let (app, method, body) = (try text(call, 0), try text(call, 2), try bytes(call, 4))
                guard guest.context.grants.invoke.grants(app) else {
                    throw GuestFailure(.denied, "the app \(app) is not granted to the function")
                }
                let request = AppRequest(.POST, try MethodPath(method), body: body, trace: guest.request?.trace)
                let deadline = guest.instance.budget.deadline
                return { runtime in
                    guard let invoker = runtime.invoker else { throw GuestFailure(.unavailable, "the runtime is still starting") }
                    let response = try await invoker.invoke(
                        request, at: try invoker.target(runtime.host.aliases.appID(of: app)), deadline: deadline)
                    if case .http(let status) = response.outcome, status.code >= 400 {
                        throw GuestFailure(.failed, "the app \(app) answered with status \(status.code)")
                    }
                    return response.body
                }
            },
        ]
    }

    private typealias Operation = @Sendable (AppRuntime) async throws -> ByteBuffer

    /// A function whose answer goes to the places that its last two arguments name. Whatever fails is one status, and
    /// the reason is logged.
    private static func waiting(
        _ name: String, _ parameters: Int, _ body: @escaping @Sendable (ProxyWasmGuest, WasmCaller) throws -> Operation
    ) -> WasmHostFunction {
        WasmHostFunction(suspending: module, name, Array(repeating: .i32, count: parameters + 2)) { call in
            let guest: ProxyWasmGuest = call.guest()
            try guest.countOutboundCall()
            let (pointer, count) = (call[parameters], call[parameters + 1])
            let operation: Operation
            do {
                _ = try call.instance.bytes(at: pointer, count: 4)
                _ = try call.instance.bytes(at: count, count: 4)
                operation = try body(guest, call)
            } catch is WasmMemoryError {
                return .now(Int32(ProxyWasmStatus.invalidMemoryAccess.rawValue))
            } catch {
                return .now(guest.failed(name, error))
            }
            let runtime = guest.context.runtime
            return .later {
                let outcome: Result<ByteBuffer, any Error>
                do { outcome = .success(try await operation(runtime)) } catch { outcome = .failure(error) }
                return { instance in
                    let guest: ProxyWasmGuest = Guest.of(instance)
                    switch outcome {
                    case .success(let bytes):
                        do {
                            try guest.give(bytes, pointer: pointer, count: count)
                            return 0
                        } catch is WasmMemoryError {
                            return Int32(ProxyWasmStatus.invalidMemoryAccess.rawValue)
                        }
                    case .failure(let error): return guest.failed(name, error)
                    }
                }
            }
        }
    }

    /// Nil for headers that are none, or without one of `:method`, `:path` and `:authority`. Whom it goes to says the
    /// upstream, not the authority.
    private static func request(_ pairs: [HeaderPairs.Pair], _ body: ByteBuffer, _ guest: ProxyWasmGuest) -> AppRequest? {
        var headers = HTTPHeaders()
        var (verb, path, type, hasAuthority) = (String?.none, String?.none, String?.none, false)
        for (name, value) in pairs {
            switch name.lowercased() {
            case ":method": verb = value
            case ":path": path = value
            case ":authority", "host": hasAuthority = true
            case ":scheme": break
            case "content-type": type = value
            default:
                guard HeaderText.isName(name), HeaderText.isValue(value) else { return nil }
                if !HeaderText.isOfConnection(name) { headers.add(name: name, value: value) }
            }
        }
        guard let verb, let path, hasAuthority, HeaderText.isName(verb), let method = try? MethodPath(target: path) else { return nil }
        return AppRequest(
            HTTPMethod(rawValue: verb), method, headers: headers, contentType: type, body: body, trace: guest.request?.trace)
    }

    /// Nil when there was none, which the guest sees as an answer without headers.
    private static func answer(
        of upstream: String, to request: AppRequest, _ runtime: AppRuntime, _ deadline: NIODeadline
    ) async -> AppResponse? {
        guard let invoker = runtime.invoker, let target = try? invoker.target(runtime.host.aliases.appID(of: upstream)) else { return nil }
        return try? await invoker.invoke(request, at: target, deadline: deadline)
    }
}

extension ProxyWasmGuest {
    fileprivate func failed(_ name: String, _ error: any Error) -> Int32 {
        context.logger.warning("\(name): \(GuestFailure(error).message)")
        return Int32(ProxyWasmStatus.internalFailure.rawValue)
    }
}
