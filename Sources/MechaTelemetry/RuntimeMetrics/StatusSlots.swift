/// Series by HTTP status code: the codes that occur in practice are found by index, any other through the
/// family. Codes outside 100 to 599 count as 0, so a peer cannot invent series.
final class StatusSlots<Series: AnyObject & Sendable>: Sendable {
    private let slots = LazySlots<Series>(count: HTTPStatusIndex.common.count)

    @inline(__always)
    func series(_ status: Int, orMake make: (_ label: String) -> Series) -> Series {
        let slot = HTTPStatusIndex.slot(of: status)
        guard slot >= 0 else { return make(HTTPStatusIndex.label(of: status)) }
        return slots.value(at: slot) { make(HTTPStatusIndex.label(of: status)) }
    }
}

/// Which status codes have a slot of their own.
enum HTTPStatusIndex {
    static let common = [
        200, 201, 202, 204, 206, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 422, 429, 431,
        500, 501, 502, 503, 504,
    ]

    private static let slotOfStatus: [Int8] = {
        var slots = [Int8](repeating: -1, count: 600)
        for (slot, status) in common.enumerated() { slots[status] = Int8(slot) }
        return slots
    }()

    /// Negative for codes without a slot.
    static func slot(of status: Int) -> Int {
        status >= 0 && status < 600 ? Int(slotOfStatus[status]) : -1
    }

    static func label(of status: Int) -> String {
        (100..<600).contains(status) ? String(status) : "0"
    }
}
