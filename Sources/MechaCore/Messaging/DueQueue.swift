/// Elements that are to be taken at a time, the earliest first; equal times in the order of arrival. Inlinable like
/// ``DeliveryQueue``.
@usableFromInline package struct DueQueue<Element> {
    @usableFromInline struct Node {
        @usableFromInline var due: UInt64
        @usableFromInline var number: UInt64
        @usableFromInline var element: Element

        @inlinable init(due: UInt64, number: UInt64, element: Element) {
            self.due = due
            self.number = number
            self.element = element
        }

        @inlinable func isBefore(_ other: Node) -> Bool { (due, number) < (other.due, other.number) }
    }

    @usableFromInline var nodes: [Node] = []
    @usableFromInline var lastNumber: UInt64 = 0

    @inlinable package init() {}

    @inlinable package var count: Int { nodes.count }

    /// When the next is due; nil when there is none.
    @inlinable package var earliest: UInt64? { nodes.isEmpty ? nil : nodes[0].due }

    /// `due` is in nanoseconds of whatever clock the owner reads.
    @inlinable package mutating func insert(_ element: Element, due: UInt64) {
        lastNumber += 1
        nodes.append(Node(due: due, number: lastNumber, element: element))
        var index = nodes.count - 1
        while index > 0, nodes[index].isBefore(nodes[(index - 1) / 2]) {
            nodes.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// Takes the next one that is due at `now`.
    @inlinable package mutating func popDue(at now: UInt64) -> Element? {
        guard !nodes.isEmpty, nodes[0].due <= now else { return nil }
        let first = nodes[0]
        let last = nodes.removeLast()
        if !nodes.isEmpty {
            nodes[0] = last
            siftDown()
        }
        return first.element
    }

    @inlinable mutating func siftDown() {
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < nodes.count && nodes[child].isBefore(nodes[smallest]) {
                smallest = child
            }
            guard smallest != index else { return }
            nodes.swapAt(index, smallest)
            index = smallest
        }
    }
}
