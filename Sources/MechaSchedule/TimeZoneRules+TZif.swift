extension TimeZoneRules {
    /// Changes of a zone that are believed; the files have a few hundred.
    private static let maximumChanges = 10_000

    /// Reads a zoneinfo file (RFC 8536); nil when it is not one.
    init?(name: String, tzif bytes: [UInt8]) {
        var reader = TZifReader(bytes)
        guard let header = reader.header() else { return nil }
        var rule: PosixTimeZone?
        var block: TZifReader.Block?
        if header.version >= 2 {
            // The first block is for old readers, with times of 32 bits.
            guard reader.skip(header.dataBytes(timeBytes: 4)), let second = reader.header() else { return nil }
            block = reader.block(second, timeBytes: 8)
            if let footer = reader.footer(), !footer.isEmpty {
                guard let parsed = PosixTimeZone(footer) else { return nil }
                rule = parsed
            }
        } else {
            block = reader.block(header, timeBytes: 4)
        }
        guard let block, block.times.count <= Self.maximumChanges, block.times.count == block.kinds.count, !block.offsets.isEmpty,
            block.kinds.allSatisfy({ $0 < block.offsets.count }), zip(block.times, block.times.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        self.name = name
        self.rule = rule
        changes = zip(block.times, block.kinds).map { Change(at: $0, offset: block.offsets[$1]) }
        firstOffset = block.offsets[0]
    }
}

/// Walks through the bytes of a zoneinfo file; every step fails when there are too few.
private struct TZifReader {
    struct Header {
        var version: Int
        var utFlags: Int
        var standardFlags: Int
        var leaps: Int
        var times: Int
        var types: Int
        var characters: Int

        func dataBytes(timeBytes: Int) -> Int {
            times * (timeBytes + 1) + types * 6 + characters + leaps * (timeBytes + 4) + standardFlags + utFlags
        }
    }

    struct Block {
        var times: [Int64]
        var kinds: [Int]
        var offsets: [Int]
    }

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, position + count <= bytes.count else { return false }
        position += count
        return true
    }

    mutating func header() -> Header? {
        guard position + 44 <= bytes.count, bytes[position..<position + 4].elementsEqual("TZif".utf8) else { return nil }
        let version = bytes[position + 4]
        position += 20
        var counts: [Int] = []
        for _ in 0..<6 { counts.append(Int(number(4))) }
        guard counts.allSatisfy({ $0 >= 0 && $0 <= 1 << 20 }) else { return nil }
        return Header(
            version: version >= 0x32 ? 2 : 1, utFlags: counts[0], standardFlags: counts[1], leaps: counts[2], times: counts[3],
            types: counts[4], characters: counts[5])
    }

    mutating func block(_ header: Header, timeBytes: Int) -> Block? {
        guard position + header.dataBytes(timeBytes: timeBytes) <= bytes.count else { return nil }
        var block = Block(times: [], kinds: [], offsets: [])
        for _ in 0..<header.times { block.times.append(number(timeBytes)) }
        for _ in 0..<header.times {
            block.kinds.append(Int(bytes[position]))
            position += 1
        }
        for _ in 0..<header.types {
            block.offsets.append(Int(number(4)))
            // Whether it is daylight saving, and the abbreviation.
            position += 2
        }
        position += header.characters + header.leaps * (timeBytes + 4) + header.standardFlags + header.utFlags
        return block.offsets.allSatisfy { $0.magnitude < 200_000 } ? block : nil
    }

    /// The rule between the two line breaks at the end.
    mutating func footer() -> String? {
        guard position < bytes.count, bytes[position] == 0x0a else { return nil }
        return String(decoding: bytes[(position + 1)...].prefix { $0 != 0x0a }, as: UTF8.self)
    }

    /// A big-endian number with its sign; there are enough bytes.
    private mutating func number(_ count: Int) -> Int64 {
        var value: UInt64 = 0
        for byte in bytes[position..<position + count] { value = value << 8 | UInt64(byte) }
        position += count
        return count == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }
}
