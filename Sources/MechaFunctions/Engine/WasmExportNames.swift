/// Reads the names of exports out of a core module without compiling it (WebAssembly core specification, 5.5).
enum WasmExportNames {
    private static let exportSection: UInt8 = 7

    static func read(_ module: [UInt8]) throws(FunctionError) -> [String] {
        var reader = Reader(bytes: module[...].dropFirst(8))
        while let section = reader.byte() {
            guard let size = reader.number(), var content = reader.take(size) else { throw cutOff }
            guard section == exportSection else { continue }
            guard let count = content.number() else { throw cutOff }
            var names: [String] = []
            for _ in 0..<count {
                // A name, what kind of thing it is, and which.
                guard let length = content.number(), let name = content.take(length), content.byte() != nil, content.number() != nil
                else { throw cutOff }
                names.append(String(decoding: name.bytes, as: UTF8.self))
            }
            return names
        }
        return []
    }

    private static let cutOff = FunctionError(.invalidModule, "the module is not valid: it is cut off in or before its exports")

    private struct Reader {
        var bytes: ArraySlice<UInt8>

        mutating func byte() -> UInt8? { bytes.popFirst() }

        /// An unsigned number of 32 bits in LEB128.
        mutating func number() -> Int? {
            var value = 0
            for shift in stride(from: 0, to: 35, by: 7) {
                guard let byte = byte() else { return nil }
                value |= Int(byte & 0x7f) << shift
                if byte & 0x80 == 0 { return value }
            }
            return nil
        }

        mutating func take(_ count: Int) -> Reader? {
            guard count <= bytes.count else { return nil }
            defer { bytes = bytes.dropFirst(count) }
            return Reader(bytes: bytes.prefix(count))
        }
    }
}
