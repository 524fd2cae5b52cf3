import MechaWasm
import NIOCore
import NIOHTTP1

/// Methods, URIs, statuses, headers and bodies.
extension HTTPWasmInterface {
    static var messageFunctions: [WasmHostFunction] {
        [
            function("get_method", 2, [.i32]) { guest, call in try give(guest.method.utf8, call, 0) },
            function("set_method", 2, []) { guest, call in
                let method = try text(call, 0)
                try guest.requireRequest("set the method")
                guard HeaderText.isName(method) else { throw misuse("set_method: this is no method") }
                guest.method = method
                return 0
            },
            function("get_uri", 2, [.i32]) { guest, call in try give(guest.uri.utf8, call, 0) },
            function("set_uri", 2, []) { guest, call in
                let uri = try text(call, 0)
                try guest.requireRequest("set the URI")
                guard uri.isEmpty || uri.utf8.first == UInt8(ascii: "/"), uri.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
                    throw misuse("set_uri: a URI begins with / and is encoded")
                }
                guest.uri = uri.isEmpty ? "/" : uri
                return 0
            },
            function("get_protocol_version", 2, [.i32]) { guest, call in try give(guest.protocolVersion.utf8, call, 0) },
            function("get_source_addr", 2, [.i32]) { guest, call in try give(guest.sourceAddress.utf8, call, 0) },
            function("get_status_code", 0, [.i32]) { guest, _ in Int64(guest.status) },
            function("set_status_code", 1, []) { guest, call in
                try guest.requireResponse("set the status")
                guard (200...599).contains(call[0]) else { throw misuse("set_status_code: \(call[0]) is not from 200 to 599") }
                guest.status = Int(call[0])
                return 0
            },
        ]
    }

    static var headerFunctions: [WasmHostFunction] {
        [
            function("get_header_names", 3, [.i64]) { guest, call in
                let kind = try HeaderKind(call[0])
                return try give(guest.message(kind.isOfResponse).names(kind.isTrailer), call, 1)
            },
            function("get_header_values", 5, [.i64]) { guest, call in
                let kind = try HeaderKind(call[0])
                let name = try text(call, 1)
                guard !name.isEmpty else { throw misuse("get_header_values: the name is empty") }
                return try give(guest.message(kind.isOfResponse).fields(kind.isTrailer)[name], call, 3)
            },
            function("set_header_value", 5, []) { guest, call in
                let value = try text(call, 3)
                return try change("set_header_value", guest, call, value) { $0.replaceOrAdd(name: $1, value: value) }
            },
            function("add_header_value", 5, []) { guest, call in
                let value = try text(call, 3)
                return try change("add_header_value", guest, call, value) { $0.add(name: $1, value: value) }
            },
            function("remove_header", 3, []) { guest, call in try change("remove_header", guest, call) { $0.remove(name: $1) } },
        ]
    }

    static var bodyFunctions: [WasmHostFunction] {
        [
            function("read_body", 3, [.i64]) { guest, call in
                let isOfResponse = try bodyKind(call[0])
                guard call[2] > 0 else { throw misuse("read_body: a buffer of no bytes reads nothing") }
                let target = try call.instance.bytes(at: call[1], count: call[2])
                let (bytes, isOver) = try guest.read(isOfResponse, atMost: target.count)
                bytes.withUnsafeReadableBytes { target.copyMemory(from: $0) }
                return (isOver ? 1 << 32 : 0) | Int64(bytes.readableBytes)
            },
            function("write_body", 3, []) { guest, call in
                let isOfResponse = try bodyKind(call[0])
                try guest.write(
                    isOfResponse, call[2] == 0 ? ByteBuffer() : ByteBuffer(bytes: try call.instance.bytes(at: call[1], count: call[2])))
                return 0
            },
        ]
    }

    /// Which fields a call means.
    private struct HeaderKind {
        let isOfResponse: Bool
        let isTrailer: Bool

        init(_ number: UInt32) throws {
            guard number <= 3 else { throw misuse("there is no kind of header \(number)") }
            isOfResponse = number & 1 == 1
            isTrailer = number >= 2
        }
    }

    private static func bodyKind(_ number: UInt32) throws -> Bool {
        guard number <= 1 else { throw misuse("there is no kind of body \(number)") }
        return number == 1
    }

    /// Changes fields of the name that a call has as its second and third argument.
    private static func change(
        _ function: String, _ guest: HTTPWasmGuest, _ call: WasmCaller, _ value: String = "", _ body: (inout HTTPHeaders, String) -> Void
    ) throws -> Int64 {
        let kind = try HeaderKind(call[0])
        let name = try text(call, 1)
        try kind.isOfResponse ? guest.requireResponse(function) : guest.requireRequest(function)
        if kind.isTrailer { try guest.requireTrailers(function, ofResponse: kind.isOfResponse) }
        guard HeaderText.isName(name), HeaderText.isValue(value) else { throw misuse("\(function): this is no header") }
        guard guest.change(kind.isOfResponse, { $0.change(kind.isTrailer) { body(&$0, name) } }) else {
            throw misuse("\(function): the headers have more than \(HTTPWasmMessage.fieldBytesAtMost) bytes")
        }
        return 0
    }
}
