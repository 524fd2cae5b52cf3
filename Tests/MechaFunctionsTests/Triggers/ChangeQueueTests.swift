import Testing

@testable import MechaFunctions

@Suite struct ChangeQueueTests {
    @Test func `changes of a key come in order, those of others meanwhile, and no more than there is room for`() {
        var queue = ChangeQueue<Int>(changesAtMost: 5, deliveriesAtMost: 2)
        #expect(queue.next() == nil)
        for (key, change) in [("a", 1), ("a", 2), ("b", 3), ("c", 4), ("a", 5)] { #expect(queue.append(change, key: key)) }
        #expect(!queue.append(6, key: "d"))
        #expect(queue.next()! == ("a", 1) && queue.next()! == ("b", 3))
        // Two are under way.
        #expect(queue.next() == nil)
        queue.ended("a")
        #expect(queue.next()! == ("c", 4))
        queue.ended("b")
        #expect(queue.next()! == ("a", 2))
        #expect(queue.next() == nil)
        #expect(queue.append(7, key: "c") && queue.append(8, key: "b") && !queue.append(9, key: "b"))
        queue.ended("c")
        queue.ended("a")
        queue.ended("nobody")
        var rest: [Int] = []
        while let (key, change) = queue.next() {
            rest.append(change)
            queue.ended(key)
        }
        #expect(rest.sorted() == [5, 7, 8] && queue.count == 0)
    }
}
