/// Elements that are to be taken at a time, the earliest first; equal times in the order of arrival.
package struct DueQueue<Element> {
    private struct Node {
        var due: UInt64
        var number: UInt64
        var element: Element

        func isBefore(_ other: Node) -> Bool { (due, number) < (other.due, other.number) }
    }

    private var nodes: [Node] = []
    private var lastNumber: UInt64 = 0

    package init() {}

    package var count: Int { nodes.count }

    /// When the next is due; nil when there is none.
    package var earliest: UInt64? { nodes.first?.due }

    /// `due` is in nanoseconds of whatever clock the owner reads.
    package mutating func insert(_ element: Element, due: UInt64) {
        lastNumber += 1
        nodes.append(Node(due: due, number: lastNumber, element: element))
        var index = nodes.count - 1
        while index > 0, nodes[index].isBefore(nodes[(index - 1) / 2]) {
            nodes.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// Takes the next one that is due at `now`.
    package mutating func popDue(at now: UInt64) -> Element? {
        guard let first = nodes.first, first.due <= now else { return nil }
        let last = nodes.removeLast()
        if !nodes.isEmpty {
            nodes[0] = last
            siftDown()
        }
        return first.element
    }

    private mutating func siftDown() {
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
