import MechaWasm
import NIOCore
import NIOHTTP1

/// Headers or trailers as a component has them.
final class GuestFields: @unchecked Sendable {
    /// Names and values of one set of fields, in bytes.
    static let bytesAtMost = 64 << 10

    private(set) var entries: [(name: String, value: ByteBuffer)]
    /// Of a message that has come in, or was sent.
    var isImmutable: Bool

    init(_ entries: [(name: String, value: ByteBuffer)] = [], isImmutable: Bool = false) {
        self.entries = entries
        self.isImmutable = isImmutable
    }

    convenience init(_ headers: HTTPHeaders, contentType: String? = nil) {
        var entries = headers.map { ($0.name.lowercased(), ByteBuffer(string: $0.value)) }
        if let contentType, !headers.contains(name: "content-type") { entries.append(("content-type", ByteBuffer(string: contentType))) }
        self.init(entries, isImmutable: true)
    }

    /// Why a change is not made, by the names of `header-error`.
    enum Problem: String, Error {
        case syntax = "invalid-syntax"
        case forbidden
        case immutable
    }

    func values(_ name: String) -> [ByteBuffer] {
        let name = name.lowercased()
        return entries.filter { $0.name == name }.map(\.value)
    }

    func append(_ name: String, _ value: ByteBuffer) throws {
        try Self.check(name, isImmutable)
        guard HeaderText.isValue(String(buffer: value)) else { throw Problem.syntax }
        let bytes = entries.reduce(name.utf8.count + value.readableBytes) { $0 + $1.name.utf8.count + $1.value.readableBytes }
        guard bytes <= Self.bytesAtMost else {
            throw FunctionError(.failed, "a set of headers has more than \(Self.bytesAtMost) bytes")
        }
        entries.append((name.lowercased(), value))
    }

    func set(_ name: String, _ values: [ByteBuffer]) throws {
        try delete(name)
        for value in values { try append(name, value) }
    }

    func delete(_ name: String) throws {
        try Self.check(name, isImmutable)
        let name = name.lowercased()
        entries.removeAll { $0.name == name }
    }

    private static func check(_ name: String, _ isImmutable: Bool) throws(Problem) {
        if isImmutable { throw .immutable }
        guard HeaderText.isName(name) else { throw .syntax }
        // A length is what the runtime makes of the body; libraries set it all the same.
        if HeaderText.isOfConnection(name), name.lowercased() != "content-length" { throw .forbidden }
    }

    /// Without what the runtime sets itself.
    var headers: HTTPHeaders {
        HTTPHeaders(entries.filter { $0.name != "content-length" }.map { ($0.name, String(buffer: $0.value)) })
    }
}
