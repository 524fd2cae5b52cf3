import MechaInvocation
import MechaWasm
import NIOCore

/// Requests and responses that were put aside, and how calls of others ended.
extension ProxyWasmInterface {
    static var streamFunctions: [WasmHostFunction] {
        [
            function("proxy_continue_stream", 1) { guest, call in guest.continueStream(call[0]) },
            function("proxy_close_stream", 1) { guest, call in
                // There are no connections that a guest could close.
                guard call[0] <= 1 else { return call[0] <= 3 ? .unimplemented : .badArgument }
                guest.sendLocalResponse(AppResponse(.http(.serviceUnavailable)))
                return .ok
            },
            function("proxy_get_status", 3) { guest, call in
                try check(call, inputs: [], outputs: [0, 1, 2])
                let (code, message) = guest.callStatus
                try guest.give(ByteBuffer(string: message), pointer: call[1], count: call[2])
                try call.instance.store(UInt32(code.rawValue), at: call[0])
                return .ok
            },
            // The names of 0.1.0.
            function("proxy_continue_request", 0) { guest, _ in guest.continueStream(0) },
            function("proxy_continue_response", 0) { guest, _ in guest.continueStream(1) },
            function("proxy_clear_route_cache", 0) { _, _ in .ok },
        ]
    }
}

extension ProxyWasmGuest {
    /// 0 request, 1 response, 2 and 3 connections, which there are none of.
    fileprivate func continueStream(_ type: UInt32) -> ProxyWasmStatus {
        switch type {
        case 0: continued.request = true
        case 1: continued.response = true
        case 2, 3: return .unimplemented
        default: return .badArgument
        }
        return .ok
    }
}
