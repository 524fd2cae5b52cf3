import MechaWasm
import MechaWire
import NIOCore
import NIOHTTP1

/// The request that a guest answers, the answer, and results of calls.
extension MechaInterface {
    static var requestFunctions: [WasmHostFunction] {
        [
            immediate("request_read", 4) { guest, arguments in
                let field = arguments.number()
                let offset = arguments.number()
                let output = try arguments.output()
                guard let bytes = try guest.requestField(field) else { return GuestStatus.notFound.rawValue }
                return try guest.copy(bytes, from: offset, at: output.pointer, capacity: output.capacity)
            },
            immediate("request_header", 4) { guest, arguments in
                let name = try arguments.text()
                let output = try arguments.output()
                guard let request = guest.request else { throw GuestFailure(.invalid, "there is no request here") }
                if name.lowercased() == "content-type", let type = request.contentType {
                    return try guest.copy(ByteBuffer(string: type), at: output.pointer, capacity: output.capacity)
                }
                let values = request.headers[name]
                guard !values.isEmpty else { return GuestStatus.notFound.rawValue }
                return try guest.copy(
                    ByteBuffer(string: values.joined(separator: ", ")), at: output.pointer, capacity: output.capacity)
            },
            immediate("response_status", 1) { guest, arguments in
                let code = arguments.number()
                guard (200...599).contains(code) else { throw GuestFailure(.invalid, "\(code) is no status of a response") }
                guest.status = HTTPResponseStatus(statusCode: Int(code))
                return 0
            },
            immediate("response_header", 4) { guest, arguments in
                let (name, value) = (try arguments.text(), try arguments.text())
                try guest.addResponseHeader(name, value)
                return 0
            },
            immediate("response_write", 2) { guest, arguments in
                var bytes = try arguments.bytes()
                let limit = guest.context.limits.responseBytes
                guard guest.responseBody.readableBytes + bytes.readableBytes <= limit else {
                    throw FunctionError(.responseTooLarge, "the response is larger than the function's \(limit) bytes")
                }
                if guest.responseBody.readableBytes == 0 {
                    guest.responseBody = bytes
                } else {
                    guest.responseBody.writeBuffer(&bytes)
                }
                return 0
            },
        ]
    }

    static var resultFunctions: [WasmHostFunction] {
        [
            immediate("result_read", 3) { guest, arguments in
                let offset = arguments.number()
                let output = try arguments.output()
                return try guest.copy(guest.result.bytes, from: offset, at: output.pointer, capacity: output.capacity)
            },
            immediate("result_attribute", 4) { guest, arguments in
                let name = try arguments.text().lowercased()
                let output = try arguments.output()
                guard let attribute = guest.result.attributes.first(where: { $0.name.lowercased() == name }) else {
                    return GuestStatus.notFound.rawValue
                }
                return try guest.copy(ByteBuffer(string: attribute.value), at: output.pointer, capacity: output.capacity)
            },
            immediate("result_attributes", 2) { guest, arguments in
                let output = try arguments.output()
                return try guest.copy(ByteBuffer(pairs: guest.result.attributes), at: output.pointer, capacity: output.capacity)
            },
        ]
    }
}

extension MechaGuest {
    /// Headers of a response beyond this many bytes are refused.
    static let responseHeaderBytesAtMost = 64 << 10

    /// Nil where the request has none; numbers as in docs/function-abi.md.
    fileprivate func requestField(_ field: UInt32) throws(GuestFailure) -> ByteBuffer? {
        guard let request else { throw GuestFailure(.invalid, "there is no request here") }
        switch field {
        case 0: return ByteBuffer(string: request.verb?.rawValue ?? "POST")
        case 1: return ByteBuffer(string: request.method.target)
        case 2: return (request.contentType ?? request.headers.first(name: "content-type")).map { ByteBuffer(string: $0) }
        case 3: return request.body
        case 4: return request.caller.map { ByteBuffer(string: $0.appID) }
        case 5: return request.trace.map { ByteBuffer(string: $0.traceparent) }
        case 6:
            var pairs = request.headers.map { (name: $0.name, value: $0.value) }
            if let type = request.contentType, !request.headers.contains(name: "content-type") { pairs.append(("content-type", type)) }
            return ByteBuffer(pairs: pairs)
        default: throw GuestFailure(.invalid, "a request has no field \(field)")
        }
    }

    fileprivate func addResponseHeader(_ name: String, _ value: String) throws(GuestFailure) {
        guard HeaderText.isName(name), HeaderText.isValue(value) else {
            throw GuestFailure(.invalid, "the header has characters in its name or value that do not belong there")
        }
        guard !HeaderText.isOfConnection(name) else {
            throw GuestFailure(.invalid, "the header \(name) belongs to the connection, not to the function")
        }
        let bytes = responseHeaderBytes + name.utf8.count + value.utf8.count
        guard bytes <= Self.responseHeaderBytesAtMost else {
            throw GuestFailure(.limit, "the response's headers have more than \(Self.responseHeaderBytesAtMost) bytes")
        }
        responseHeaderBytes = bytes
        if name.equalsIgnoringCase("content-type") {
            // A response has one; the first counts.
            if responseType == nil { responseType = value }
        } else {
            responseHeaders.add(name: name, value: value)
        }
    }
}
