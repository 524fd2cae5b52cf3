/// The table of fields that both ends of a connection remember (RFC 7541 section 2.3.2).
struct HeaderTable {
    /// The size of every table until somebody changes it.
    static let standardBytes = 4_096

    /// Oldest first; those before `head` are gone.
    private var fields: [HeaderField] = []
    private var head = 0
    private(set) var bytes = 0
    private(set) var limitBytes = standardBytes

    var count: Int { fields.count - head }

    /// By age; 0 is the youngest.
    subscript(_ age: Int) -> HeaderField { fields[fields.count - 1 - age] }

    mutating func insert(_ field: HeaderField) {
        makeRoom(for: field.listBytes)
        // What is larger than the table only empties it (section 4.4).
        guard field.listBytes <= limitBytes else { return }
        bytes += field.listBytes
        fields.append(field)
    }

    mutating func resize(to limitBytes: Int) {
        self.limitBytes = limitBytes
        makeRoom(for: 0)
    }

    private mutating func makeRoom(for newBytes: Int) {
        while bytes + newBytes > limitBytes, head < fields.count {
            bytes -= fields[head].listBytes
            fields[head] = .blank
            head += 1
        }
        if head == fields.count {
            fields.removeAll(keepingCapacity: limitBytes > 0)
            head = 0
        } else if head >= 32, head * 2 >= fields.count {
            fields.removeFirst(head)
            head = 0
        }
    }
}
