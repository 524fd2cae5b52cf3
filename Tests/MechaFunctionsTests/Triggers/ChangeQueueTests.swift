import Testing

@testable import MechaFunctions

@Suite struct ChangeQueueTests {
    @Test func `changes of a key come in order, those of others meanwhile, and no more than there is room for`() {
        var queue = ChangeQueue<Int>(changesAtMost: 5, deliveriesAtMost: 2)
        /// What is next, as `key change`.
        func next() -> String { queue.next().map { "\($0.key) \($0.change)" } ?? "" }
        func append(_ change: Int, _ key: String) -> Bool { queue.append(change, key: key) }
        #expect(next() == "")
        for (key, change) in [("a", 1), ("a", 2), ("b", 3), ("c", 4), ("a", 5)] { #expect(append(change, key)) }
        #expect(!append(6, "d"))
        #expect(next() == "a 1" && next() == "b 3")
        // Two are under way.
        #expect(next() == "")
        queue.ended("a")
        #expect(next() == "c 4")
        queue.ended("b")
        #expect(next() == "a 2")
        #expect(next() == "")
        #expect(append(7, "c") && append(8, "b") && !append(9, "b"))
        queue.ended("c")
        queue.ended("a")
        queue.ended("nobody")
        var rest: [Int] = []
        while let (key, change) = queue.next() {
            rest.append(change)
            queue.ended(key)
        }
        #expect(rest.sorted() == [5, 7, 8])
        #expect(queue.count == 0)
    }
}
