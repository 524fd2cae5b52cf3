import CWasmtime

extension WasmError {
    /// Frames beyond these say nothing more, in a deep recursion above all.
    static let framesAtMost = 32

    /// Takes over `error`.
    init(_ code: Code, taking error: OpaquePointer) {
        var frames = wasm_frame_vec_t()
        wasmtime_error_wasm_trace(error, &frames)
        let stack = Self.names(&frames)
        var text = wasm_name_t()
        wasmtime_error_message(error, &text)
        wasmtime_error_delete(error)
        self.init(code, Self.text(&text), stack: stack)
    }

    /// Takes over `trap`.
    init(takingTrap trap: OpaquePointer) {
        var frames = wasm_frame_vec_t()
        wasm_trap_trace(trap, &frames)
        let stack = Self.names(&frames)
        var text = wasm_byte_vec_t()
        wasm_trap_message(trap, &text)
        var code: UInt8 = 255
        let hasCode = wasmtime_trap_code(trap, &code)
        wasm_trap_delete(trap)
        self.init(
            hasCode && code == 0 ? .stackOverflow : .trapped,
            hasCode ? Self.meaning(ofTrap: code) : Self.firstLine(Self.text(&text)), stack: stack)
    }

    /// wasmtime's numbers of traps, in words.
    private static func meaning(ofTrap code: UInt8) -> String {
        switch code {
        case 0: "the call stack is used up"
        case 1: "a memory access is out of bounds"
        case 2: "a memory access is misaligned"
        case 3: "a table access is out of bounds"
        case 4: "an indirect call goes to nothing"
        case 5: "an indirect call has the wrong signature"
        case 6: "an integer overflowed"
        case 7: "an integer is divided by zero"
        case 8: "a number cannot be converted to an integer"
        case 9: "unreachable code was reached"
        case 10: "the call was interrupted"
        case 11: "the fuel is used up"
        default: "trap number \(code)"
        }
    }

    private static func firstLine(_ text: String) -> String {
        String(text.split(separator: "\n", maxSplits: 1).first ?? "")
    }

    /// Takes over `bytes`, which C strings may end with a zero.
    private static func text(_ bytes: inout wasm_byte_vec_t) -> String {
        defer { wasm_byte_vec_delete(&bytes) }
        guard let data = bytes.data else { return "" }
        let raw = UnsafeRawBufferPointer(start: data, count: bytes.size)
        return String(decoding: raw.last == 0 ? raw.dropLast() : raw[...], as: UTF8.self)
    }

    /// Takes over `frames`.
    private static func names(_ frames: inout wasm_frame_vec_t) -> [String] {
        defer { wasm_frame_vec_delete(&frames) }
        guard let data = frames.data else { return [] }
        var names = UnsafeBufferPointer(start: data, count: frames.size).prefix(framesAtMost).map { frame in
            if let name = wasmtime_frame_func_name(frame)?.pointee, let bytes = name.data, name.size > 0 {
                return String(decoding: UnsafeRawBufferPointer(start: bytes, count: name.size), as: UTF8.self)
            }
            return "function \(wasm_frame_func_index(frame))"
        }
        if frames.size > framesAtMost { names.append("\(frames.size - framesAtMost) more") }
        return names
    }
}
