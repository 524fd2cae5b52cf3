import NIOCore

extension DNSMessage {
    /// The message on the wire, names shortened by pointers.
    var buffer: ByteBuffer {
        var writer = DNSWriter()
        writer.write(id)
        // A response of multicast DNS is always authoritative (RFC 6762 section 18.4).
        writer.write(UInt16(operation) << 11 | (isResponse ? 0x8400 : 0))
        for count in [questions.count, answers.count, 0, additionals.count] { writer.write(UInt16(clamping: count)) }
        for question in questions {
            writer.write(question.name)
            writer.write(question.type.rawValue)
            writer.write(question.prefersUnicast ? 0x8001 : 1)
        }
        for record in answers + additionals { writer.write(record) }
        return writer.buffer
    }
}

private struct DNSWriter {
    private(set) var buffer = ByteBuffer()
    /// Where the ends of names stand that were written before.
    private var places: [[String]: UInt16] = [:]

    mutating func write(_ number: UInt16) { buffer.writeInteger(number) }

    mutating func write(_ name: DNSName) {
        let folded = name.folded
        for (index, label) in name.labels.enumerated() {
            let rest = Array(folded[index...])
            if let place = places[rest] { return write(0xc000 | place) }
            // A pointer has fourteen bits.
            if buffer.writerIndex < 0x4000 { places[rest] = UInt16(buffer.writerIndex) }
            buffer.writeInteger(UInt8(clamping: label.utf8.count))
            buffer.writeString(label)
        }
        buffer.writeInteger(UInt8(0))
    }

    mutating func write(_ record: DNSMessage.Record) {
        write(record.name)
        write(record.data.type.rawValue)
        write(record.isUnique ? 0x8001 : 1)
        buffer.writeInteger(record.secondsToLive)
        let lengthIndex = buffer.writerIndex
        write(0)
        switch record.data {
        case .a(let bytes), .aaaa(let bytes), .other(_, let bytes): buffer.writeBytes(bytes)
        case .ptr(let name): write(name)
        case .srv(let port, let host):
            write(0)
            write(0)
            write(port)
            write(host)
        case .txt(let texts):
            // A record without text holds one empty text (RFC 6763 section 6.1).
            for text in texts.isEmpty ? [""] : texts {
                let bytes = text.utf8.prefix(255)
                buffer.writeInteger(UInt8(clamping: bytes.count))
                buffer.writeBytes(bytes)
            }
        }
        buffer.setInteger(UInt16(clamping: buffer.writerIndex - lengthIndex - 2), at: lengthIndex)
    }
}
