import MechaCore

/// A write or removal with everything settled before it reaches SQLite's thread: columns, etag, moment.
struct StateChange: Sendable {
    private enum Kind: Sendable {
        case put(value: SQLiteValue, isBinary: SQLiteValue, etag: String, expiry: SQLiteValue)
        case delete
    }

    private let key: String
    private let kind: Kind
    private let precondition: StatePrecondition
    private let now: String

    init(_ operation: StateOperation, at now: Timestamp) throws {
        self.now = StateRow.text(now)
        switch operation {
        case .upsert(let write):
            key = write.key
            precondition = write.precondition
            let (value, isBinary) = StateRow.columns(write.value)
            let expiry: SQLiteValue = write.expiry(at: now).map { .text(StateRow.text($0)) } ?? .null
            kind = .put(value: value, isBinary: isBinary, etag: RandomID.uuid(), expiry: expiry)
        case .delete(let removal):
            key = removal.key
            precondition = removal.precondition
            kind = .delete
        }
        guard !key.isEmpty else { throw CapabilityError(.invalidArgument, "the key is empty") }
    }

    /// Throws ``CapabilityError/Code/etagMismatch`` when the precondition does not hold.
    func apply(_ tables: StateTables, _ connection: SQLiteConnection) throws {
        switch (kind, precondition) {
        case (.put(let value, let isBinary, let etag, let expiry), .none):
            try connection.run(tables.put, .text(key), value, isBinary, .text(etag), expiry, .text(now))
        case (.put(let value, let isBinary, let etag, let expiry), .absent):
            let written = try connection.run(tables.putIfAbsent, .text(key), value, isBinary, .text(etag), expiry, .text(now))
            if written == 0 { throw CapabilityError.stateAlreadyPresent }
        case (.put(let value, let isBinary, let etag, let expiry), .etag(let expected)):
            let written = try connection.run(
                tables.putIfEtag, .text(key), value, isBinary, .text(etag), expiry, .text(now), .text(expected))
            if written == 0 { throw CapabilityError.stateEtagMismatch }
        case (.delete, .etag(let expected)):
            let deleted = try connection.run(tables.deleteIfEtag, .text(key), .text(expected), .text(now))
            if deleted == 0 { throw CapabilityError.stateEtagMismatch }
        case (.delete, _):
            try connection.run(tables.delete, .text(key))
        }
    }
}
