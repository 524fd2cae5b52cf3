import MechaInvocation
import MechaWasm
import NIOCore
import NIOHTTP1

/// Bodies, configuration, properties, and the answer that a guest sends itself.
extension ProxyWasmInterface {
    /// The highest number of a buffer: what Layotto's functions answer to `proxy_get_id`.
    private static let lastBuffer: UInt32 = 8

    /// Properties that a guest sets for one request, together, in bytes.
    private static let propertyBytesAtMost = 1 << 20

    static var bufferFunctions: [WasmHostFunction] {
        [
            function("proxy_get_buffer_bytes", 5) { guest, call in
                guard call[0] <= lastBuffer else { return .badArgument }
                try check(call, inputs: [], outputs: [3, 4])
                guard let bytes = guest.buffer(call[0]) else { return .notFound }
                guard let part = bytes.part(from: call[1], atMost: call[2]) else { return .badArgument }
                try guest.give(part, pointer: call[3], count: call[4])
                return .ok
            },
            function("proxy_get_buffer_status", 3) { guest, call in
                guard call[0] <= lastBuffer else { return .badArgument }
                try check(call, inputs: [], outputs: [1, 2])
                guard let bytes = guest.buffer(call[0]) else { return .notFound }
                try call.instance.store(UInt32(bytes.readableBytes), at: call[1])
                try call.instance.store(UInt32(1), at: call[2])
                return .ok
            },
            function("proxy_set_buffer_bytes", 5) { guest, call in
                let bytes = try bytes(call, 3)
                return try guest.setBuffer(call[0], start: call[1], length: call[2], bytes)
            },
            function("proxy_get_property", 4) { guest, call in
                let path = try text(call, 0)
                try check(call, inputs: [], outputs: [2, 3])
                guard let value = guest.property(path) else { return .notFound }
                try guest.give(value, pointer: call[2], count: call[3])
                return .ok
            },
            function("proxy_set_property", 4) { guest, call in
                let (path, value) = (try text(call, 0), try bytes(call, 2))
                let used = guest.properties.reduce(0) { $0 + $1.key.utf8.count + $1.value.readableBytes }
                guard used + path.utf8.count + value.readableBytes <= propertyBytesAtMost else { return .internalFailure }
                guest.properties[path] = value
                return .ok
            },
            function("proxy_send_local_response", 8) { guest, call in
                let code = call[0]
                try check(call, inputs: [1])
                let body = try bytes(call, 3)
                guard let pairs = HeaderPairs.decode(try bytes(call, 5)), (200...599).contains(code), guest.request != nil else {
                    return .badArgument
                }
                let limit = guest.context.limits.responseBytes
                guard body.readableBytes <= limit else {
                    throw FunctionError(.responseTooLarge, "the response is larger than the function's \(limit) bytes")
                }
                var headers = HTTPHeaders()
                var type: String?
                for (name, value) in pairs where !name.hasPrefix(":") && !HeaderText.isOfConnection(name) {
                    guard HeaderText.isName(name), HeaderText.isValue(value) else { return .badArgument }
                    if name.lowercased() == "content-type" { type = value } else { headers.add(name: name, value: value) }
                }
                var response = AppResponse(
                    .http(HTTPResponseStatus(statusCode: Int(code))), headers: headers, contentType: type, body: body)
                if let status = guest.gRPCStatus(call.int32(7)) { response.answer(grpc: status) }
                guest.sendLocalResponse(response)
                return .ok
            },
        ]
    }
}

extension ProxyWasmGuest {
    /// The first answer counts.
    func sendLocalResponse(_ response: AppResponse) {
        if localResponse == nil { localResponse = response }
    }

    /// The status of gRPC that an answer has, where the caller speaks gRPC and the guest names one.
    fileprivate func gRPCStatus(_ status: Int32) -> Int32? {
        guard (0...16).contains(status), request?.contentType?.hasPrefix("application/grpc") == true else { return nil }
        return status
    }

    /// 0 request body, 1 response body, 4 body of a call's answer, 6 and 7 configuration, 8 call data. Nil for those that
    /// there are none of now, or ever (connections, gRPC).
    fileprivate func buffer(_ type: UInt32) -> ByteBuffer? {
        switch type {
        case 0: requestBody
        case 1: isFilter && !isResponding ? nil : responseBody
        case 4: callAnswer?.body
        case 6: ByteBuffer()
        case 7: ByteBuffer(string: context.revision.configuration)
        case 8: callData
        default: nil
        }
    }

    /// Puts bytes in the place of `length` others from `start`: before all (0 and 0), behind all (from the end on), or instead
    /// of some or all.
    fileprivate func setBuffer(_ type: UInt32, start: UInt32, length: UInt32, _ bytes: ByteBuffer) throws -> ProxyWasmStatus {
        guard type <= 8 else { return .badArgument }
        guard let old = buffer(type) else { return .notFound }
        switch type {
        case 0:
            let new = old.replacing(from: start, count: length, with: bytes)
            guard new.readableBytes <= context.limits.requestBytes else { return .internalFailure }
            requestBody = new
        case 1:
            let new = old.replacing(from: start, count: length, with: bytes)
            let limit = context.limits.responseBytes
            guard new.readableBytes <= limit else {
                throw FunctionError(.responseTooLarge, "the response is larger than the function's \(limit) bytes")
            }
            responseBody = new
        case 8:
            // Layotto's functions write their id, each time the whole.
            guard bytes.readableBytes <= 256 else { return .badArgument }
            callData = bytes
        default: return .badArgument
        }
        return .ok
    }

    /// The segments of a path are joined by zeros.
    fileprivate func property(_ path: String) -> ByteBuffer? {
        if let own = properties[path] { return own }
        let segments = path.split(separator: "\0", omittingEmptySubsequences: true).map(String.init)
        func text(_ text: String?) -> ByteBuffer? { text.map { ByteBuffer(string: $0) } }
        func number(_ value: Int) -> ByteBuffer? { ByteBuffer(integer: Int64(value), endianness: .little) }
        switch segments.first {
        case "source" where segments.count == 2:
            switch segments[1] {
            case "address": return text(peerAddress?.ipAddress.map { "\($0):\(peerAddress?.port ?? 0)" })
            case "port": return peerAddress?.port.flatMap(number)
            default: return nil
            }
        case "response" where segments.count >= 2:
            switch segments[1] {
            case "code": return responseHeaders.first { $0.name == ":status" }.flatMap { Int($0.value) }.flatMap(number)
            case "size": return number(responseBody.readableBytes)
            case "headers" where segments.count == 3:
                return text(responseHeaders.first { $0.name == segments[2].lowercased() }?.value)
            default: return nil
            }
        case "plugin_name": return text(context.revision.function)
        case "plugin_root_id", "plugin_vm_id": return text("")
        case "request" where segments.count >= 2:
            guard let request else { return nil }
            switch segments[1] {
            case "path": return text(request.method.target)
            case "url_path": return text(String(request.method.path))
            case "query": return text(String(request.method.query))
            case "method": return text(request.verb?.rawValue ?? "POST")
            case "host": return text(request.headers.first(name: "host") ?? "")
            case "scheme": return text("http")
            case "protocol": return text("HTTP/1.1")
            case "id": return text(request.headers.first(name: "x-request-id"))
            case "referer": return text(request.headers.first(name: "referer"))
            case "useragent": return text(request.headers.first(name: "user-agent"))
            case "size": return number(requestBody.readableBytes)
            case "headers" where segments.count == 3: return text(requestHeaders.first { $0.name == segments[2].lowercased() }?.value)
            default: return nil
            }
        default: return nil
        }
    }
}

extension AppResponse {
    /// Makes it one of gRPC, as its caller understands it.
    fileprivate mutating func answer(grpc status: Int32) {
        let message = String(buffer: body)
        outcome = .http(.ok)
        headers.replaceOrAdd(name: "grpc-status", value: String(status))
        if HeaderText.isValue(message) { headers.replaceOrAdd(name: "grpc-message", value: message) }
        contentType = "application/grpc"
        body = ByteBuffer()
    }
}

extension ByteBuffer {
    /// Up to `count` bytes from `start`; nil when that is behind the end.
    fileprivate func part(from start: UInt32, atMost count: UInt32) -> ByteBuffer? {
        guard Int(start) <= readableBytes else { return nil }
        return getSlice(at: readerIndex + Int(start), length: min(Int(count), readableBytes - Int(start)))
    }

    /// With `bytes` in the place of up to `count` bytes from `start`, which may be behind the end.
    fileprivate func replacing(from start: UInt32, count: UInt32, with bytes: ByteBuffer) -> ByteBuffer {
        if start == 0, Int(count) >= readableBytes { return bytes }
        var (rest, new) = (self, ByteBuffer())
        if Int(start) >= readableBytes {
            new = self
            new.writeImmutableBuffer(bytes)
            return new
        }
        new.reserveCapacity(readableBytes + bytes.readableBytes)
        if let head = rest.readSlice(length: Int(start)) { new.writeImmutableBuffer(head) }
        new.writeImmutableBuffer(bytes)
        rest.moveReaderIndex(forwardBy: min(Int(count), rest.readableBytes))
        new.writeImmutableBuffer(rest)
        return new
    }
}
