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

extension WASIHTTP {
    static let fieldsFunctions: [String: ComponentFunction] = [
        "[constructor]fields": .immediate { call in try call.give(GuestFields(), Kind.fields) },
        "[static]fields.from-list": .immediate { call in
            let fields = GuestFields()
            return try changing {
                for entry in try call[0].list {
                    let pair = try entry.list
                    guard pair.count == 2 else { throw ComponentTypeError("pair") }
                    try fields.append(try pair[0].string, try pair[1].bytes)
                }
                return try call.give(fields, Kind.fields)
            }
        },
        "[method]fields.get": .immediate { call in
            .list(try call.object(0, as: GuestFields.self).values(try call[1].string).map { .bytes($0) })
        },
        "[method]fields.has": .immediate { call in
            .bool(try !call.object(0, as: GuestFields.self).values(try call[1].string).isEmpty)
        },
        "[method]fields.set": .immediate { call in
            try changing {
                try call.object(0, as: GuestFields.self).set(try call[1].string, try call[2].list.map { try $0.bytes })
                return nil
            }
        },
        "[method]fields.delete": .immediate { call in
            try changing {
                try call.object(0, as: GuestFields.self).delete(try call[1].string)
                return nil
            }
        },
        "[method]fields.append": .immediate { call in
            try changing {
                try call.object(0, as: GuestFields.self).append(try call[1].string, try call[2].bytes)
                return nil
            }
        },
        "[method]fields.entries": .immediate { call in
            .list(try call.object(0, as: GuestFields.self).entries.map { .tuple([.string($0.name), .bytes($0.value)]) })
        },
        "[method]fields.clone": .immediate { call in
            try call.give(GuestFields(try call.object(0, as: GuestFields.self).entries), Kind.fields)
        },
    ]

    private static func changing(_ body: () throws -> ComponentValue?) throws -> ComponentValue {
        do {
            return .ok(try body())
        } catch let problem as GuestFields.Problem {
            return .failure(.variant(problem.rawValue, nil))
        }
    }
}
