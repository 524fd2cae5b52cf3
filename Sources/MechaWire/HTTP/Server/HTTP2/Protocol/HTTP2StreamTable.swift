/// The streams of a connection in the order of their ids.
///
/// An array, because clients open streams in ascending order and most frames are about the youngest ones.
struct HTTP2StreamTable {
    private var states: [HTTP2StreamState] = []

    var count: Int { states.count }
    var isEmpty: Bool { states.isEmpty }
    var indices: Range<Int> { states.indices }

    subscript(_ index: Int) -> HTTP2StreamState {
        @inline(__always) get { states[index] }
        @inline(__always) _modify { yield &states[index] }
    }

    /// Valid until the next stream is removed.
    func index(of id: UInt32) -> Int? {
        var low = 0
        var high = states.count - 1
        if high >= 0, states[high].id == id { return high }
        while low <= high {
            let middle = (low + high) / 2
            let found = states[middle].id
            if found == id { return middle }
            if found < id { low = middle + 1 } else { high = middle - 1 }
        }
        return nil
    }

    /// `state` must have a higher id than all others.
    mutating func append(_ state: HTTP2StreamState) { states.append(state) }

    mutating func remove(at index: Int) -> HTTP2StreamState { states.remove(at: index) }

    mutating func removeAll() -> [HTTP2StreamState] {
        defer { states = [] }
        return states
    }
}
