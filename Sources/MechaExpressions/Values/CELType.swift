/// The types of values; a type is a value itself (`type(1) == int`).
package enum CELType: String, Sendable, Hashable, CaseIterable {
    case null = "null_type"
    case bool, int, uint, double, string, bytes, list, map, type
    case timestamp = "google.protobuf.Timestamp"
    case duration = "google.protobuf.Duration"
}
