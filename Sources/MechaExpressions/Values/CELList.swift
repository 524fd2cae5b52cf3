import MechaCore

/// A list, of values or of JSON that is converted when it is read.
package struct CELList: Sendable {
    private enum Storage: Sendable {
        case values([CELValue])
        case json([JSON])
    }

    private let storage: Storage

    package init(_ elements: [CELValue]) { storage = .values(elements) }
    package init(json elements: [JSON]) { storage = .json(elements) }

    package var count: Int {
        switch storage {
        case .values(let values): values.count
        case .json(let elements): elements.count
        }
    }

    /// - Parameter index: must be in range.
    package subscript(index: Int) -> CELValue {
        switch storage {
        case .values(let values): values[index]
        case .json(let elements): CELValue(elements[index])
        }
    }

    package var elements: [CELValue] {
        switch storage {
        case .values(let values): values
        case .json(let elements): elements.map(CELValue.init)
        }
    }
}
