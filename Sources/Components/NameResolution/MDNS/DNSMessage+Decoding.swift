import NIOCore

extension DNSMessage {
    /// Nil when the bytes are no whole message. Bytes after it are ignored. Authority records, which
    /// probing uses, are read and dropped.
    init?(_ buffer: ByteBuffer) {
        var reader = DNSReader(buffer)
        guard let id = reader.readInteger(), let flags = reader.readInteger(), let questionCount = reader.readInteger(),
            let answerCount = reader.readInteger(), let authorityCount = reader.readInteger(), let additionalCount = reader.readInteger()
        else { return nil }
        self.init()
        self.id = id
        isResponse = flags & 0x8000 != 0
        operation = UInt8(flags >> 11 & 0xf)
        // Counts are claims: nothing is reserved for them, and reading stops where the bytes do.
        for _ in 0..<questionCount {
            guard let question = reader.readQuestion() else { return nil }
            questions.append(question)
        }
        for _ in 0..<answerCount {
            guard let record = reader.readRecord() else { return nil }
            answers.append(record)
        }
        for _ in 0..<authorityCount {
            guard reader.readRecord() != nil else { return nil }
        }
        for _ in 0..<additionalCount {
            guard let record = reader.readRecord() else { return nil }
            additionals.append(record)
        }
    }
}

/// Reads a message front to back; names may point backwards into what was read.
private struct DNSReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ buffer: ByteBuffer) {
        bytes = Array(buffer.readableBytesView.prefix(DNSMessage.maximumBytes))
    }

    mutating func readInteger() -> UInt16? {
        guard position + 2 <= bytes.count else { return nil }
        defer { position += 2 }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    mutating func readQuestion() -> DNSMessage.Question? {
        guard let name = readName(), let type = readInteger(), let qclass = readInteger() else { return nil }
        return DNSMessage.Question(name: name, type: .init(rawValue: type), prefersUnicast: qclass & 0x8000 != 0)
    }

    mutating func readRecord() -> DNSMessage.Record? {
        guard let name = readName(), let type = readInteger(), let rclass = readInteger(),
            let high = readInteger(), let low = readInteger(), let length = readInteger(), position + Int(length) <= bytes.count
        else { return nil }
        let end = position + Int(length)
        guard let data = readData(.init(rawValue: type), end: end) else { return nil }
        position = end
        return DNSMessage.Record(
            name: name, secondsToLive: UInt32(high) << 16 | UInt32(low), isUnique: rclass & 0x8000 != 0, data: data)
    }

    private mutating func readData(_ type: DNSMessage.RecordType, end: Int) -> DNSMessage.RecordData? {
        switch type {
        case .a: return end - position == 4 ? .a(Array(bytes[position..<end])) : nil
        case .aaaa: return end - position == 16 ? .aaaa(Array(bytes[position..<end])) : nil
        case .ptr:
            guard let target = readName(), position == end else { return nil }
            return .ptr(target)
        case .srv:
            // Priority and weight choose among several; here every one is as good.
            guard readInteger() != nil, readInteger() != nil, let port = readInteger(), let host = readName(), position == end else {
                return nil
            }
            return .srv(port: port, host: host)
        case .txt:
            var texts: [String] = []
            while position < end {
                let start = position + 1
                let textEnd = start + Int(bytes[position])
                guard textEnd <= end else { return nil }
                texts.append(String(decoding: bytes[start..<textEnd], as: UTF8.self))
                position = textEnd
            }
            return .txt(texts)
        default: return .other(type, Array(bytes[position..<end]))
        }
    }

    /// A name in place, or one that ends with a pointer (RFC 1035 section 4.1.4). Each pointer must lead
    /// further back than everything followed so far, so that no message can make this loop.
    private mutating func readName() -> DNSName? {
        var labels: [String] = []
        var total = 1
        var cursor = position
        var limit = position
        var afterName: Int?
        while cursor < bytes.count {
            let length = Int(bytes[cursor])
            switch length & 0xc0 {
            case 0 where length == 0:
                position = afterName ?? cursor + 1
                return DNSName(labels)
            case 0:
                total += length + 1
                guard cursor + length < bytes.count, total <= DNSName.maximumBytes else { return nil }
                labels.append(String(decoding: bytes[cursor + 1...cursor + length], as: UTF8.self))
                cursor += 1 + length
            case 0xc0:
                guard cursor + 1 < bytes.count else { return nil }
                let target = (length & 0x3f) << 8 | Int(bytes[cursor + 1])
                guard target < limit else { return nil }
                afterName = afterName ?? cursor + 2
                limit = target
                cursor = target
            default: return nil
            }
        }
        return nil
    }
}
