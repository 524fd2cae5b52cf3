import MechaCore

/// A map in the order of its entries, of values or of a JSON object whose members are converted when they
/// are read.
package struct CELMap: Sendable {
    package typealias Entry = (key: CELValue, value: CELValue)

    private enum Storage: Sendable {
        case entries([Entry], index: [CELKey: Int])
        case json([JSON.Member])
    }

    private let storage: Storage

    /// - Parameter entries: keys are of key types and differ.
    package init(_ entries: [Entry]) {
        var index: [CELKey: Int] = [:]
        for (position, entry) in entries.enumerated() {
            if let key = CELKey(entry.key) { index[key] = position }
        }
        storage = .entries(entries, index: index)
    }

    package init(json members: [JSON.Member]) { storage = .json(members) }

    package var count: Int {
        switch storage {
        case .entries(let entries, _): entries.count
        // Of members with one name the last wins, so such an object has fewer entries than members.
        case .json(let members): members.count < 2 ? members.count : Set(members.map { Array($0.name.utf8) }).count
        }
    }

    /// Nil when there is no such key; numbers are the same key when they are equal, whatever their types.
    package subscript(key: CELValue) -> CELValue? {
        switch storage {
        case .entries(let entries, let index):
            guard let key = CELKey(key) else { return nil }
            return index[key].map { entries[$0].value }
        case .json:
            guard case .string(let name) = key else { return nil }
            return self[field: name]
        }
    }

    /// The value under a text key.
    package subscript(field name: String) -> CELValue? {
        switch storage {
        case .entries: self[.string(name)]
        case .json(let members): members.last { UTF8Order.isEqual($0.name, name) }.map { CELValue($0.value) }
        }
    }

    package var entries: [Entry] {
        switch storage {
        case .entries(let entries, _): return entries
        case .json(let members):
            var seen: Set<[UInt8]> = []
            var entries: [Entry] = []
            for member in members.reversed() where seen.insert(Array(member.name.utf8)).inserted {
                entries.append((.string(member.name), CELValue(member.value)))
            }
            return entries.reversed()
        }
    }
}

/// A key of a map, in the form in which equal keys are the same: texts by their bytes, whole numbers by
/// their value whatever their type.
enum CELKey: Hashable, Sendable {
    case bool(Bool)
    case negative(Int64)
    case number(UInt64)
    case string([UInt8])

    /// Nil for values that cannot be keys. A double that is a whole number looks up the number.
    init?(_ value: CELValue) {
        switch value {
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = number < 0 ? .negative(number) : .number(UInt64(number))
        case .uint(let number): self = .number(number)
        case .double(let number):
            if let whole = Int64(exactly: number) {
                self = whole < 0 ? .negative(whole) : .number(UInt64(whole))
            } else if let whole = UInt64(exactly: number) {
                self = .number(whole)
            } else {
                return nil
            }
        case .string(let text): self = .string(Array(text.utf8))
        default: return nil
        }
    }
}
