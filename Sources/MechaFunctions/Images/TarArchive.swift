import NIOCore

/// A tar archive (POSIX ustar and pax, with GNU's long names) in memory, read from its beginning to its end. Nothing is
/// written to disk: paths that lead out of the archive are refused all the same, for they mean harm.
struct TarArchive {
    enum Kind: Equatable {
        case file, folder
        /// To another entry, by its path from the top.
        case hardLink(String)
        /// As it stands in the archive.
        case symbolicLink(String)
        /// Devices and the like.
        case other
    }

    struct Entry {
        /// Without `.`, `..` and slashes at its ends; empty for the top.
        var path: String
        var kind: Kind
        var content: ByteBuffer
    }

    private static let blockBytes = 512

    /// What is said about the entry that follows.
    private struct Overrides {
        var path: String?
        var link: String?
        var size: Int?
    }

    private var rest: ByteBuffer
    private let name: String
    private var entries = 0

    /// - Parameter name: of the archive, for messages.
    init(_ bytes: ByteBuffer, name: String) {
        rest = bytes
        self.name = name
    }

    /// Whether a file looks like one.
    static func isOne(_ bytes: ByteBuffer) -> Bool {
        guard let header = bytes.getSlice(at: bytes.readerIndex, length: blockBytes) else { return false }
        return header.getString(at: header.readerIndex + 257, length: 5) == "ustar" || isChecksumRight(header)
    }

    /// The next entry; nil at the end.
    mutating func next() throws(FunctionBaseError) -> Entry? {
        var overrides = Overrides()
        while true {
            guard rest.readableBytes > 0 else { return nil }
            guard let header = rest.readSlice(length: Self.blockBytes) else { throw broken("it ends within a header") }
            if header.readableBytesView.allSatisfy({ $0 == 0 }) { return nil }
            guard Self.isChecksumRight(header) else { throw broken("a header's checksum is wrong") }
            entries += 1
            guard entries <= ImageLimits.entriesAtMost else { throw broken("it has more than \(ImageLimits.entriesAtMost) entries") }
            guard var size = Self.number(header, at: 124, length: 12), size >= 0 else { throw broken("a size is no number") }
            let type = header.getInteger(at: header.readerIndex + 156, as: UInt8.self) ?? 0
            let isExtension = [UInt8(ascii: "L"), UInt8(ascii: "K"), UInt8(ascii: "x"), UInt8(ascii: "g")].contains(type)
            if !isExtension, let said = overrides.size { size = said }
            let hasContent = ![UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "5")].contains(type)
            guard let content = rest.readSlice(length: hasContent ? size : 0) else { throw broken("it ends within an entry") }
            rest.moveReaderIndex(
                forwardBy: min(rest.readableBytes, (Self.blockBytes - content.readableBytes % Self.blockBytes) % Self.blockBytes))
            if isExtension {
                guard content.readableBytes <= 1 << 20 else { throw broken("an extended header has more than 1 MiB") }
                try take(content, type, &overrides)
                continue
            }
            return try entry(header, type, content, overrides)
        }
    }

    private func entry(_ header: ByteBuffer, _ type: UInt8, _ content: ByteBuffer, _ overrides: Overrides) throws(FunctionBaseError)
        -> Entry
    {
        var path = overrides.path ?? Self.text(header, at: 0, length: 100)
        if overrides.path == nil, header.getString(at: header.readerIndex + 257, length: 5) == "ustar",
            // GNU's own form has times where the prefix would be.
            header.getString(at: header.readerIndex + 262, length: 1) == "\0"
        {
            let prefix = Self.text(header, at: 345, length: 155)
            if !prefix.isEmpty { path = "\(prefix)/\(path)" }
        }
        let link = overrides.link ?? Self.text(header, at: 157, length: 100)
        let kind: Kind
        switch type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): kind = path.hasSuffix("/") ? .folder : .file
        case UInt8(ascii: "1"): kind = .hardLink(try Self.clean(link, in: name))
        case UInt8(ascii: "2"): kind = .symbolicLink(link)
        case UInt8(ascii: "5"): kind = .folder
        case UInt8(ascii: "S"): throw broken("\(path.prefix(100)) is a sparse file, which is not supported")
        default: kind = .other
        }
        return Entry(path: try Self.clean(path, in: name), kind: kind, content: content)
    }

    /// A header that is about the next entry: GNU's long names, or records of pax.
    private func take(_ content: ByteBuffer, _ type: UInt8, _ overrides: inout Overrides) throws(FunctionBaseError) {
        switch type {
        case UInt8(ascii: "L"): overrides.path = String(decoding: content.readableBytesView.prefix { $0 != 0 }, as: UTF8.self)
        case UInt8(ascii: "K"): overrides.link = String(decoding: content.readableBytesView.prefix { $0 != 0 }, as: UTF8.self)
        case UInt8(ascii: "x"):
            var records = content
            while records.readableBytes > 0 {
                let digits = records.readableBytesView.prefix { $0 != 0x20 }
                guard digits.count <= 8, let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 1,
                    let record = records.readSlice(length: length)
                else { throw broken("an extended header is not understood") }
                let text = String(decoding: record.readableBytesView.dropFirst(digits.count + 1).dropLast(), as: UTF8.self)
                guard let equals = text.firstIndex(of: "=") else { throw broken("an extended header is not understood") }
                let value = String(text[text.index(after: equals)...])
                switch text[..<equals] {
                case "path": overrides.path = value
                case "linkpath": overrides.link = value
                case "size":
                    guard let size = Int(value), size >= 0 else { throw broken("a size is no number") }
                    overrides.size = size
                default: break
                }
            }
        default: break
        }
    }

    /// A path from the top of an archive, without what has no meaning in it.
    static func clean(_ path: String, in name: String) throws(FunctionBaseError) -> String {
        guard path.utf8.count <= ImageLimits.pathBytesAtMost else {
            throw FunctionBaseError(.refused, "\(name): a path has more than \(ImageLimits.pathBytesAtMost) bytes")
        }
        let parts = path.split(separator: "/").filter { $0 != "." }
        guard !parts.contains("..") else {
            throw FunctionBaseError(.refused, "\(name): the path \"\(path.prefix(200))\" leads out of the archive")
        }
        return parts.joined(separator: "/")
    }

    private func broken(_ problem: String) -> FunctionBaseError { FunctionBaseError(.refused, "\(name) is no good archive: \(problem)") }

    private static func text(_ header: ByteBuffer, at offset: Int, length: Int) -> String {
        let bytes = header.getBytes(at: header.readerIndex + offset, length: length) ?? []
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Octal digits, or GNU's binary form for what is too large for them.
    private static func number(_ header: ByteBuffer, at offset: Int, length: Int) -> Int? {
        let bytes = header.getBytes(at: header.readerIndex + offset, length: length) ?? []
        if let first = bytes.first, first & 0x80 != 0 {
            var value = Int(first & 0x7f)
            for byte in bytes.dropFirst() {
                guard value <= Int.max >> 9 else { return nil }
                value = value << 8 | Int(byte)
            }
            return value
        }
        let digits = bytes.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        if digits.isEmpty { return 0 }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }

    private static func isChecksumRight(_ header: ByteBuffer) -> Bool {
        guard let said = number(header, at: 148, length: 8) else { return false }
        var sum = 0
        for (index, byte) in header.readableBytesView.enumerated() { sum += (148..<156).contains(index) ? 0x20 : Int(byte) }
        return sum == said && sum > 8 * 0x20
    }
}
