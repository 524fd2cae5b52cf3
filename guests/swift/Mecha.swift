// Functions for Mecha in Embedded Swift: the interface of docs/function-abi.md, and what makes it pleasant.
//
//   swiftc -target wasm32-unknown-none-wasm -enable-experimental-feature Embedded -enable-experimental-feature Extern \
//     -wmo -Osize -parse-as-library -Xfrontend -disable-stack-protector -c -o hello.o guests/swift/Mecha.swift hello.swift
//   clang --target=wasm32-unknown-unknown -Os -c -o runtime.o guests/swift/runtime.c
//   wasm-ld --no-entry --gc-sections -o hello.wasm hello.o runtime.o

public typealias Pointer = UnsafeRawPointer?
public typealias Place = UnsafeMutableRawPointer?

@_extern(wasm, module: "mecha", name: "request_read") @_extern(c)
func mecha_request_read(_ field: Int32, _ offset: Int, _ out: Place, _ capacity: Int) -> Int32
@_extern(wasm, module: "mecha", name: "request_header") @_extern(c)
func mecha_request_header(_ name: Pointer, _ count: Int, _ out: Place, _ capacity: Int) -> Int32
@_extern(wasm, module: "mecha", name: "response_status") @_extern(c)
func mecha_response_status(_ code: Int32) -> Int32
@_extern(wasm, module: "mecha", name: "response_header") @_extern(c)
func mecha_response_header(_ name: Pointer, _ count: Int, _ value: Pointer, _ valueCount: Int) -> Int32
@_extern(wasm, module: "mecha", name: "response_write") @_extern(c)
func mecha_response_write(_ bytes: Pointer, _ count: Int) -> Int32
@_extern(wasm, module: "mecha", name: "result_read") @_extern(c)
func mecha_result_read(_ offset: Int, _ out: Place, _ capacity: Int) -> Int32
@_extern(wasm, module: "mecha", name: "result_attribute") @_extern(c)
func mecha_result_attribute(_ name: Pointer, _ count: Int, _ out: Place, _ capacity: Int) -> Int32
@_extern(wasm, module: "mecha", name: "log") @_extern(c)
func mecha_log(_ level: Int32, _ text: Pointer, _ count: Int)
@_extern(wasm, module: "mecha", name: "variable") @_extern(c)
func mecha_variable(_ name: Pointer, _ count: Int, _ out: Place, _ capacity: Int) -> Int32
@_extern(wasm, module: "mecha", name: "state_get") @_extern(c)
func mecha_state_get(
    _ store: Pointer, _ storeCount: Int, _ key: Pointer, _ keyCount: Int, _ options: Pointer, _ optionCount: Int, _ out: Place,
    _ capacity: Int
) -> Int32
@_extern(wasm, module: "mecha", name: "state_set") @_extern(c)
func mecha_state_set(
    _ store: Pointer, _ storeCount: Int, _ key: Pointer, _ keyCount: Int, _ value: Pointer, _ valueCount: Int, _ options: Pointer,
    _ optionCount: Int
) -> Int32
@_extern(wasm, module: "mecha", name: "state_delete") @_extern(c)
func mecha_state_delete(
    _ store: Pointer, _ storeCount: Int, _ key: Pointer, _ keyCount: Int, _ options: Pointer, _ optionCount: Int
) -> Int32
@_extern(wasm, module: "mecha", name: "publish") @_extern(c)
func mecha_publish(
    _ pubsub: Pointer, _ pubsubCount: Int, _ topic: Pointer, _ topicCount: Int, _ data: Pointer, _ dataCount: Int, _ options: Pointer,
    _ optionCount: Int
) -> Int32
@_extern(wasm, module: "mecha", name: "invoke") @_extern(c)
func mecha_invoke(
    _ app: Pointer, _ appCount: Int, _ verb: Pointer, _ verbCount: Int, _ path: Pointer, _ pathCount: Int, _ headers: Pointer,
    _ headerCount: Int, _ body: Pointer, _ bodyCount: Int, _ out: Place, _ capacity: Int
) -> Int32

/// Bytes; text by its UTF-8.
public typealias Bytes = [UInt8]

extension StaticString {
    public var bytes: Bytes { Bytes(UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)) }
}

/// Why a call of the host failed: one of the numbers of docs/function-abi.md.
public struct Failure: Error {
    public var status: Int32

    public static let notFound: Int32 = -1
    public static let denied: Int32 = -3
    public static let conflict: Int32 = -5
}

/// Reads what a call writes, however long it is.
private func read(_ call: (Place, Int) -> Int32, more: (Int, Place, Int) -> Int32) throws(Failure) -> Bytes {
    let room = 1_024
    var status: Int32 = 0
    var bytes = Bytes(unsafeUninitializedCapacity: room) { buffer, count in
        status = call(UnsafeMutableRawPointer(buffer.baseAddress), room)
        count = max(0, min(Int(status), room))
    }
    guard status >= 0 else { throw Failure(status: status) }
    if Int(status) > room {
        bytes = Bytes(unsafeUninitializedCapacity: Int(status)) { buffer, count in
            count = Int(more(0, UnsafeMutableRawPointer(buffer.baseAddress), Int(status)))
        }
    }
    return bytes
}

private func check(_ status: Int32) throws(Failure) {
    if status < 0 { throw Failure(status: status) }
}

private func result(_ offset: Int, _ out: Place, _ capacity: Int) -> Int32 { mecha_result_read(offset, out, capacity) }

/// The request that is served.
public enum Request {
    public static var verb: Bytes { field(0) }
    public static var target: Bytes { field(1) }
    public static var body: Bytes { field(3) }
    public static var caller: Bytes { field(4) }

    private static func field(_ field: Int32) -> Bytes {
        let bytes = try? read({ mecha_request_read(field, 0, $0, $1) }, more: { mecha_request_read(field, $0, $1, $2) })
        return bytes ?? []
    }

    public static func header(_ name: StaticString) -> Bytes? {
        try? read({ mecha_request_header(name.utf8Start, name.utf8CodeUnitCount, $0, $1) }, more: { _, _, _ in 0 })
    }
}

/// The response: 200 and no body, unless these say otherwise.
public enum Response {
    public static func status(_ code: Int32) { _ = mecha_response_status(code) }

    public static func header(_ name: StaticString, _ value: Bytes) {
        _ = mecha_response_header(name.utf8Start, name.utf8CodeUnitCount, value, value.count)
    }

    public static func write(_ bytes: Bytes) { _ = mecha_response_write(bytes, bytes.count) }
    public static func write(_ text: StaticString) { _ = mecha_response_write(text.utf8Start, text.utf8CodeUnitCount) }
}

public enum Log {
    public static func info(_ text: Bytes) { mecha_log(2, text, text.count) }
    public static func error(_ text: Bytes) { mecha_log(4, text, text.count) }
}

/// A state store by its name.
public struct State {
    public let store: StaticString

    public init(_ store: StaticString) { self.store = store }

    public func get(_ key: Bytes) throws(Failure) -> Bytes? {
        do throws(Failure) {
            return try read(
                { mecha_state_get(store.utf8Start, store.utf8CodeUnitCount, key, key.count, nil, 0, $0, $1) }, more: result)
        } catch {
            if error.status == Failure.notFound { return nil }
            throw error
        }
    }

    public func set(_ key: Bytes, _ value: Bytes) throws(Failure) {
        try check(mecha_state_set(store.utf8Start, store.utf8CodeUnitCount, key, key.count, value, value.count, nil, 0))
    }

    public func delete(_ key: Bytes) throws(Failure) {
        try check(mecha_state_delete(store.utf8Start, store.utf8CodeUnitCount, key, key.count, nil, 0))
    }
}

public func publish(_ pubsub: StaticString, topic: StaticString, _ data: Bytes) throws(Failure) {
    try check(
        mecha_publish(
            pubsub.utf8Start, pubsub.utf8CodeUnitCount, topic.utf8Start, topic.utf8CodeUnitCount, data, data.count, nil, 0))
}

/// Calls an app or another function; answers the body of its answer, whatever its status.
public func invoke(_ app: StaticString, _ verb: StaticString, _ path: StaticString, body: Bytes = []) throws(Failure) -> Bytes {
    try read(
        {
            mecha_invoke(
                app.utf8Start, app.utf8CodeUnitCount, verb.utf8Start, verb.utf8CodeUnitCount, path.utf8Start, path.utf8CodeUnitCount,
                nil, 0, body, body.count, $0, $1)
        }, more: result)
}
