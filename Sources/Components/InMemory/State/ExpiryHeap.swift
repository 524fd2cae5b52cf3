import MechaCore

/// Entries ordered by the moment at which they vanish, the earliest first. Every entry knows its place,
/// so that overwriting or deleting one takes it out at once and nothing stale is ever kept.
struct ExpiryHeap {
    /// What the heap holds; the owner may look up and remove by it.
    final class Node {
        let key: ExactKey
        let expiresAt: Timestamp
        fileprivate var index = 0

        init(key: ExactKey, expiresAt: Timestamp) {
            self.key = key
            self.expiresAt = expiresAt
        }
    }

    private var nodes: [Node] = []

    var count: Int { nodes.count }
    var earliest: Node? { nodes.first }

    mutating func insert(_ node: Node) {
        node.index = nodes.count
        nodes.append(node)
        siftUp(node.index)
    }

    mutating func remove(_ node: Node) {
        let index = node.index
        let last = nodes.removeLast()
        guard last !== node else { return }
        place(last, at: index)
        siftUp(index)
        siftDown(last.index)
    }

    private mutating func place(_ node: Node, at index: Int) {
        nodes[index] = node
        node.index = index
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard nodes[index].expiresAt < nodes[parent].expiresAt else { return }
            swapNodes(index, parent)
            index = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < nodes.count && nodes[child].expiresAt < nodes[smallest].expiresAt {
                smallest = child
            }
            guard smallest != index else { return }
            swapNodes(index, smallest)
            index = smallest
        }
    }

    private mutating func swapNodes(_ a: Int, _ b: Int) {
        let node = nodes[a]
        place(nodes[b], at: a)
        place(node, at: b)
    }
}
