import MechaWasm
import NIOCore

/// Maps of headers: 0 of the request and 1 its trailers, 2 of the response and 3 its trailers, 6 of a call's answer and 7 its
/// trailers. Those of gRPC (4, 5) are empty.
extension ProxyWasmInterface {
    /// Names and values of one map together, in bytes.
    static let mapBytesAtMost = 64 << 10

    static var headerFunctions: [WasmHostFunction] {
        [
            function("proxy_get_header_map_size", 2) { guest, call in
                guard let pairs = guest.map(call[0]) else { return .badArgument }
                try call.instance.store(UInt32(HeaderPairs.encode(pairs).readableBytes), at: call[1])
                return .ok
            },
            function("proxy_get_header_map_pairs", 3) { guest, call in
                guard let pairs = guest.map(call[0]) else { return .badArgument }
                try check(call, inputs: [], outputs: [1, 2])
                try guest.give(HeaderPairs.encode(pairs), pointer: call[1], count: call[2])
                return .ok
            },
            function("proxy_set_header_map_pairs", 3) { guest, call in
                guard let pairs = HeaderPairs.decode(try bytes(call, 1)) else { return .badArgument }
                return guest.setMap(call[0], pairs.map { ($0.name.lowercased(), $0.value) })
            },
            function("proxy_get_header_map_value", 5) { guest, call in
                let name = try text(call, 1).lowercased()
                guard let pairs = guest.map(call[0]) else { return .badArgument }
                try check(call, inputs: [], outputs: [3, 4])
                guard let pair = pairs.first(where: { $0.name == name }) else { return .notFound }
                try guest.give(ByteBuffer(string: pair.value), pointer: call[3], count: call[4])
                return .ok
            },
            function("proxy_add_header_map_value", 5) { guest, call in
                let (name, value) = (try text(call, 1).lowercased(), try text(call, 3))
                guard let pairs = guest.map(call[0]) else { return .badArgument }
                return guest.setMap(call[0], pairs + [(name, value)])
            },
            function("proxy_replace_header_map_value", 5) { guest, call in
                let (name, value) = (try text(call, 1).lowercased(), try text(call, 3))
                guard var pairs = guest.map(call[0]) else { return .badArgument }
                if let index = pairs.firstIndex(where: { $0.name == name }) {
                    pairs[index].value = value
                    pairs = pairs[...index] + pairs[(index + 1)...].filter { $0.name != name }
                } else {
                    pairs.append((name, value))
                }
                return guest.setMap(call[0], pairs)
            },
            function("proxy_remove_header_map_value", 3) { guest, call in
                let name = try text(call, 1).lowercased()
                guard let pairs = guest.map(call[0]) else { return .badArgument }
                return guest.setMap(call[0], pairs.filter { $0.name != name })
            },
        ]
    }
}

extension ProxyWasmGuest {
    fileprivate func map(_ type: UInt32) -> [HeaderPairs.Pair]? {
        switch type {
        case 0: return requestHeaders
        case 1: return requestTrailers
        case 2: return responseHeaders
        case 3: return responseTrailers
        case 6:
            guard let callAnswer else { return [] }
            let status: UInt = if case .http(let status) = callAnswer.outcome { status.code } else { 200 }
            return [(":status", String(status))] + callAnswer.headers.map { ($0.name.lowercased(), $0.value) }
        case 7: return callAnswer?.trailers.map { ($0.name.lowercased(), $0.value) } ?? []
        case 4, 5: return []
        default: return nil
        }
    }

    fileprivate func setMap(_ type: UInt32, _ pairs: [HeaderPairs.Pair]) -> ProxyWasmStatus {
        guard pairs.count <= HeaderPairs.pairsAtMost,
            pairs.reduce(0, { $0 + $1.name.utf8.count + $1.value.utf8.count }) <= ProxyWasmInterface.mapBytesAtMost
        else { return .internalFailure }
        switch type {
        case 0: requestHeaders = pairs
        case 1: requestTrailers = pairs
        case 2: responseHeaders = pairs
        case 3: responseTrailers = pairs
        default: return .badArgument
        }
        return .ok
    }
}
