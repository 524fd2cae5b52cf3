/// The operations of one building block as they appear in the `operation` label.
public protocol ComponentCall: CaseIterable, RawRepresentable, Sendable where RawValue == Int {
    var label: String { get }
}

/// Operations on a state store.
public enum StateCall: Int, ComponentCall {
    case get, bulkGet, set, bulkSet, delete, bulkDelete, query, transaction

    public var label: String {
        switch self {
        case .get: "get"
        case .bulkGet: "bulk_get"
        case .set: "set"
        case .bulkSet: "bulk_set"
        case .delete: "delete"
        case .bulkDelete: "bulk_delete"
        case .query: "query"
        case .transaction: "transaction"
        }
    }
}

/// Operations on a secret store.
public enum SecretCall: Int, ComponentCall {
    case get, bulkGet

    public var label: String {
        switch self {
        case .get: "get"
        case .bulkGet: "bulk_get"
        }
    }
}
