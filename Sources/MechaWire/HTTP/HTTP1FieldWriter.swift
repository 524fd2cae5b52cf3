import NIOCore
import NIOHTTP1

/// Writes the text of a message head into memory that was reserved for it.
///
/// One reservation and plain copies: a head is a few dozen short strings, and asking the buffer for
/// room for each of them costs more than the copying.
struct HTTP1FieldWriter {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    /// Whether something was written that must not stand in a head; the caller throws the bytes away.
    private(set) var isMalformed = false

    init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(
            from: UnsafeRawBufferPointer(start: text.utf8Start, count: length))
        count += length
    }

    /// Copies `text` and returns where it stands.
    @inline(__always)
    private mutating func copy(_ text: String) -> UnsafeRawBufferPointer {
        let start = count
        var text = text
        text.withUTF8 { bytes in
            UnsafeMutableRawBufferPointer(rebasing: memory[start...]).copyMemory(from: UnsafeRawBufferPointer(bytes))
            count += bytes.count
        }
        return UnsafeRawBufferPointer(rebasing: memory[start..<count])
    }

    /// A method or field name.
    @inline(__always)
    mutating func writeToken(_ text: String) {
        let written = copy(text)
        if written.isEmpty || !written.allSatisfy(HTTPCharacters.isToken) { isMalformed = true }
    }

    /// A field value.
    @inline(__always)
    mutating func writeValue(_ text: String) {
        if copy(text).hasControlByte { isMalformed = true }
    }

    /// A request target, which holds no blanks.
    @inline(__always)
    mutating func writeTarget(_ text: String) {
        let written = copy(text)
        if written.isEmpty || written.hasControlByte || written.contains(where: { $0 == 0x20 || $0 == 0x09 }) {
            isMalformed = true
        }
    }

    @inline(__always)
    mutating func writeField(_ name: String, _ value: String) {
        writeToken(name)
        write(": ")
        writeValue(value)
        write("\r\n")
    }

    /// Room that `headers` take at most.
    static func bytes(of headers: HTTPHeaders) -> Int {
        var total = 0
        for (name, value) in headers { total += name.utf8.count + value.utf8.count + 4 }
        return total
    }
}
