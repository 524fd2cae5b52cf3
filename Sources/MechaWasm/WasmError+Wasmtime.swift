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
        let message = Self.text(&text)
        self.init(code, message, stack: Self.withPlaces(stack, message))
    }

    /// Takes over `trap`.
    init(takingTrap trap: OpaquePointer) {
        var frames = wasm_frame_vec_t()
        wasm_trap_trace(trap, &frames)
        let stack = Self.names(&frames)
        var bytes = wasm_byte_vec_t()
        wasm_trap_message(trap, &bytes)
        let text = Self.text(&bytes)
        var code: UInt8 = 255
        let hasCode = wasmtime_trap_code(trap, &code)
        wasm_trap_delete(trap)
        self.init(
            hasCode ? Self.code(ofTrap: code) : .trapped,
            hasCode ? Self.meaning(ofTrap: code) : Self.firstLine(text), stack: Self.withPlaces(stack, text))
    }

    /// Adds where in the source each function was, as far as the library's text has it: for modules with DWARF, with
    /// ``WasmEngine/tellsPlaces``. Its interface for C has no other way to ask.
    private static func withPlaces(_ stack: [String], _ text: String) -> [String] {
        guard WasmEngine.tellsPlaces else { return stack }
        var stack = stack
        var frame = -1
        for line in text.split(separator: "\n") {
            let words = line.drop { $0 == " " }
            if words.hasPrefix("at ") {
                // Of a function that others were made part of, the innermost.
                guard stack.indices.contains(frame), !stack[frame].hasSuffix(")") else { continue }
                stack[frame] += " (\(words.dropFirst(3).split(separator: "/").last ?? ""))"
            } else if let colon = words.firstIndex(of: ":"), let number = Int(words[..<colon]), words[colon...].contains("0x") {
                frame = number
            }
        }
        return stack
    }

    private static func code(ofTrap code: UInt8) -> Code {
        switch code {
        case 0: .stackOverflow
        case 11: .outOfFuel
        default: .trapped
        }
    }

    /// Takes over the error that a component's call ended with. It has no number of the trap, only a text.
    init(takingComponentError error: OpaquePointer) {
        self.init(.trapped, taking: error)
        for line in message.split(separator: "\n") {
            guard let found = line.firstRange(of: "wasm trap: ") else { continue }
            message = String(line[found.upperBound...])
            if message.hasPrefix("call stack exhausted") { (code, message) = (.stackOverflow, Self.meaning(ofTrap: 0)) }
            if message.hasPrefix("all fuel consumed") { (code, message) = (.outOfFuel, Self.meaning(ofTrap: 11)) }
            if message.contains("`unreachable`") { message = Self.meaning(ofTrap: 9) }
            if message.hasPrefix("out of bounds memory access") { message = Self.meaning(ofTrap: 1) }
            return
        }
        // What the host said stands below the guest's stack.
        let lines = message.split(separator: "\n")
        message = String(lines.first ?? "")
        guard message.hasPrefix("error while executing"), let cause = lines.firstIndex(where: { $0.hasPrefix("Caused by:") }) else {
            return
        }
        if let reason = lines[(cause + 1)...].first { message = String(reason.drop { $0 == " " || $0.isNumber || $0 == ":" }) }
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
