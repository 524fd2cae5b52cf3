/// Which node of a cluster holds which slot.
struct RedisSlotTable: Sendable {
    /// Masters that hold slots.
    private(set) var nodes: [RedisAddress] = []
    /// Index in `nodes` per slot; `unknown` for none.
    private var owners: [UInt16] = []

    private static let unknown = UInt16.max

    init() {}

    /// Reads the answer to `CLUSTER SLOTS`. Nil when it is none, or names no node.
    ///
    /// - Parameter host: of the node that answered, which need not know how it is called from outside.
    init?(_ reply: RESPValue, askedHost host: String, maximumNodes: Int) {
        guard let ranges = reply.elements else { return nil }
        owners = Array(repeating: Self.unknown, count: RedisSlot.count)
        var indices: [RedisAddress: UInt16] = [:]
        for range in ranges {
            guard let parts = range.elements, parts.count >= 3, let first = parts[0].integerValue, let last = parts[1].integerValue,
                0 <= first, first <= last, last < RedisSlot.count, let master = parts[2].elements, master.count >= 2,
                let port = master[1].integerValue, 1...65_535 ~= port
            else { return nil }
            let name = master[0].text ?? ""
            let address = RedisAddress.host(name.isEmpty || name == "?" ? host : name, port: Int(port))
            if indices[address] == nil {
                guard nodes.count < maximumNodes else { return nil }
                indices[address] = UInt16(nodes.count)
                nodes.append(address)
            }
            for slot in Int(first)...Int(last) { owners[slot] = indices[address] ?? Self.unknown }
        }
        guard !nodes.isEmpty else { return nil }
    }

    func owner(of slot: RedisSlot) -> RedisAddress? {
        guard !owners.isEmpty else { return nil }
        let index = owners[Int(slot.number)]
        return index == Self.unknown ? nil : nodes[Int(index)]
    }
}
