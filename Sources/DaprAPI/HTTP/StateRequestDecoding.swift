import MechaCore
import MechaHost
import NIOCore

/// Reads the JSON bodies of the state API. Values are cut out of the document as the bytes that came in,
/// so what an app saves is what it gets back, number precision included.
enum StateRequestDecoding {
    /// An array of `{key, value, etag?, metadata?, options?}`.
    static func writes(_ body: ByteBuffer) throws -> [StateWrite] {
        var writes: [StateWrite] = []
        try reading(body) { reader throws(JSONError) in
            try reader.readArray { reader throws(JSONError) in
                writes.append(try item(&reader, body).write)
            }
        }
        for write in writes { try requireKey(write.key) }
        return writes
    }

    struct BulkGet {
        var keys: [String] = []
        var parallelism = 0
        var metadata: [String: String] = [:]
    }

    /// `{keys, parallelism?, metadata?}`.
    static func bulkGet(_ body: ByteBuffer) throws -> BulkGet {
        var request = BulkGet()
        try reading(body) { reader throws(JSONError) in
            try reader.readObject { reader, name throws(JSONError) in
                switch name {
                case "keys":
                    try unlessNull(&reader) { reader throws(JSONError) in
                        try reader.readArray { reader throws(JSONError) in request.keys.append(try reader.readString()) }
                    }
                case "parallelism":
                    try unlessNull(&reader) { reader throws(JSONError) in request.parallelism = try integer(&reader, name) }
                case "metadata": request.metadata = try metadata(&reader)
                default: _ = try reader.skipValue()
                }
            }
        }
        return request
    }

    struct Transaction {
        var operations: [StateOperation] = []
        var metadata: [String: String] = [:]
    }

    /// `{operations: [{operation: upsert|delete, request}], metadata?}`.
    static func transaction(_ body: ByteBuffer) throws -> Transaction {
        var transaction = Transaction()
        var unsupported: String?
        try reading(body) { reader throws(JSONError) in
            try reader.readObject { reader, name throws(JSONError) in
                switch name {
                case "operations":
                    try unlessNull(&reader) { reader throws(JSONError) in
                        try reader.readArray { reader throws(JSONError) in
                            let (kind, content) = try operation(&reader, body)
                            switch kind {
                            case "upsert": transaction.operations.append(.upsert(content.write))
                            case "delete": transaction.operations.append(.delete(content.removal))
                            default: unsupported = unsupported ?? kind
                            }
                        }
                    }
                case "metadata": transaction.metadata = try metadata(&reader)
                default: _ = try reader.skipValue()
                }
            }
        }
        if let unsupported {
            throw RuntimeError(.stateOperationUnsupported, "operation type \(unsupported) not supported")
        }
        for operation in transaction.operations {
            switch operation {
            case .upsert(let write): try requireKey(write.key)
            case .delete(let removal): try requireKey(removal.key)
            }
        }
        return transaction
    }

    static func concurrency(_ text: String?) throws -> StateConcurrency {
        switch text {
        case nil, "": .unspecified
        case "first-write": .firstWrite
        case "last-write": .lastWrite
        case let other?: throw DaprError.malformed("concurrency is \"\(other)\"; expected first-write or last-write")
        }
    }

    static func consistency(_ text: String?) throws -> StateConsistency {
        switch text {
        case nil, "": .unspecified
        case "eventual": .eventual
        case "strong": .strong
        case let other?: throw DaprError.malformed("consistency is \"\(other)\"; expected eventual or strong")
        }
    }

    // MARK: -

    private struct Item {
        var write: StateWrite
        var removal: StateRemoval {
            StateRemoval(
                key: write.key, etag: write.etag, concurrency: write.concurrency, consistency: write.consistency,
                metadata: write.metadata)
        }
    }

    private static func reading(_ body: ByteBuffer, _ content: (inout JSONReader) throws(JSONError) -> Void) throws {
        try JSONReader.read(body) { reader throws(JSONError) in
            try content(&reader)
            try reader.expectEnd()
        }
    }

    private static func requireKey(_ key: String) throws {
        if key.isEmpty { throw DaprError.malformed("an item has no \"key\"") }
    }

    /// Reads a member unless it is null, which counts as absent.
    private static func unlessNull(
        _ reader: inout JSONReader, _ read: (inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        if try reader.peekKind() == .null { _ = try reader.readValue() } else { try read(&reader) }
    }

    private static func integer(_ reader: inout JSONReader, _ name: String) throws(JSONError) -> Int {
        guard let value = try reader.readValue().intValue else {
            throw JSONError(offset: reader.offset, problem: "\"\(name)\" must be a whole number")
        }
        return value
    }

    private static func operation(_ reader: inout JSONReader, _ body: ByteBuffer) throws(JSONError) -> (kind: String, content: Item) {
        var kind = ""
        var content = Item(write: StateWrite(key: "", value: ByteBuffer()))
        try reader.readObject { reader, name throws(JSONError) in
            switch name {
            case "operation": kind = try reader.readString()
            case "request": content = try item(&reader, body)
            default: _ = try reader.skipValue()
            }
        }
        return (kind, content)
    }

    private static func item(_ reader: inout JSONReader, _ body: ByteBuffer) throws(JSONError) -> Item {
        var write = StateWrite(key: "", value: ByteBuffer())
        try reader.readObject { reader, name throws(JSONError) in
            switch name {
            case "key": write.key = try reader.readString()
            case "value":
                let range = try reader.skipValue()
                write.value = body.getSlice(at: body.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
            case "etag":
                try unlessNull(&reader) { reader throws(JSONError) in write.etag = try reader.readString() }
            case "metadata": write.metadata = try metadata(&reader)
            case "options": try options(&reader, &write)
            default: _ = try reader.skipValue()
            }
        }
        return Item(write: write)
    }

    private static func options(_ reader: inout JSONReader, _ write: inout StateWrite) throws(JSONError) {
        try unlessNull(&reader) { reader throws(JSONError) in
            try reader.readObject { reader, name throws(JSONError) in
                switch name {
                case "concurrency":
                    try unlessNull(&reader) { reader throws(JSONError) in
                        write.concurrency = try choice(&reader, name, "first-write or last-write") { try concurrency($0) }
                    }
                case "consistency":
                    try unlessNull(&reader) { reader throws(JSONError) in
                        write.consistency = try choice(&reader, name, "eventual or strong") { try consistency($0) }
                    }
                default: _ = try reader.skipValue()
                }
            }
        }
    }

    private static func choice<Value>(
        _ reader: inout JSONReader, _ name: String, _ expected: String, _ value: (String) throws -> Value
    ) throws(JSONError) -> Value {
        let text = try reader.readString()
        guard let value = try? value(text) else {
            throw JSONError(offset: reader.offset, problem: "\"\(name)\" must be \(expected)")
        }
        return value
    }

    private static func metadata(_ reader: inout JSONReader) throws(JSONError) -> [String: String] {
        var metadata: [String: String] = [:]
        try unlessNull(&reader) { reader throws(JSONError) in
            try reader.readObject { reader, name throws(JSONError) in metadata[name] = try reader.readString() }
        }
        return metadata
    }
}

extension StateQuery {
    /// Dapr's query document, as both APIs take it.
    init(document: ByteBuffer) throws(DaprError) {
        do throws(CapabilityError) {
            self = try StateQuery.decode(document)
        } catch {
            throw DaprError.malformed(error.message)
        }
    }
}
