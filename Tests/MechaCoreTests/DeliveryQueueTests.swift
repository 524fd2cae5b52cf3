import Testing

@testable import MechaCore

/// Traces: what is appended and answered, and who gets what.
@Suite struct DeliveryQueueTests {
    private typealias Queue = DeliveryQueue<String, String>

    private func queue(_ consumers: (name: String, maximum: Int)..., ordersByKey: Bool = false) -> Queue {
        var queue = Queue()
        for (index, consumer) in consumers.enumerated() {
            queue.join(consumer.name, id: index, maximumInFlight: consumer.maximum, ordersByKey: ordersByKey)
        }
        return queue
    }

    /// Everything that can be handed over now, as `consumer:message`.
    private func drain(_ queue: inout Queue) -> (said: [String], entries: [(id: Int, entry: Queue.Entry)]) {
        var said: [String] = []
        var entries: [(id: Int, entry: Queue.Entry)] = []
        while let (id, consumer, entry) = queue.next() {
            said.append("\(consumer):\(entry.message)")
            entries.append((id, entry))
        }
        return (said, entries)
    }

    @Test func `consumers take turns up to what they may have in flight`() {
        var queue = queue(("a", 2), ("b", 1))
        for message in ["1", "2", "3", "4"] { queue.append(Queue.Entry(message, key: nil)) }
        let first = drain(&queue)
        #expect(first.said == ["a:1", "b:2", "a:3"])
        #expect(queue.count == 1 && queue.inFlight == 3)
        #expect(!queue.finish(first.entries[1].id, first.entries[1].entry))
        #expect(drain(&queue).said == ["b:4"])
    }

    @Test func `a consumer that is held takes nothing until its message is back`() {
        var queue = queue(("a", 1))
        for message in ["1", "2"] { queue.append(Queue.Entry(message, key: nil)) }
        let (id, entry) = drain(&queue).entries[0]
        #expect(!queue.postpone(id, entry, holdsConsumer: true))
        #expect(drain(&queue).said == [])
        queue.comeBack(entry, for: id)
        #expect(drain(&queue).said == ["a:1"])
    }

    @Test func `without a hold the next message goes on`() {
        var queue = queue(("a", 1))
        for message in ["1", "2"] { queue.append(Queue.Entry(message, key: nil)) }
        let (id, entry) = drain(&queue).entries[0]
        #expect(!queue.postpone(id, entry, holdsConsumer: false))
        #expect(drain(&queue).said == ["a:2"])
    }

    @Test func `messages of a key wait for the one before, also while it is postponed`() {
        var queue = queue(("a", 10), ordersByKey: true)
        for (message, key) in [("1", "x"), ("2", "x"), ("3", "y"), ("4", "x"), ("5", nil)] as [(String, String?)] {
            queue.append(Queue.Entry(message, key: key))
        }
        let first = drain(&queue)
        #expect(first.said == ["a:1", "a:3", "a:5"])
        #expect(queue.count == 2)
        #expect(!queue.postpone(0, first.entries[0].entry, holdsConsumer: false))
        #expect(drain(&queue).said == [])
        queue.comeBack(first.entries[0].entry, for: nil)
        let again = drain(&queue)
        #expect(again.said == ["a:1"])
        #expect(!queue.finish(0, again.entries[0].entry))
        let second = drain(&queue)
        #expect(second.said == ["a:2"])
        #expect(!queue.finish(0, second.entries[0].entry))
        #expect(drain(&queue).said == ["a:4"])
        #expect(queue.count == 0)
    }

    @Test func `a consumer that leaves is gone with its last answer`() {
        var queue = queue(("a", 2), ("b", 2))
        for message in ["1", "2", "3"] { queue.append(Queue.Entry(message, key: nil)) }
        let taken = drain(&queue)
        #expect(taken.said == ["a:1", "b:2", "a:3"])
        #expect(!queue.leave(0))
        #expect(!queue.finish(0, taken.entries[0].entry))
        #expect(queue.postpone(0, taken.entries[2].entry, holdsConsumer: true))
        queue.comeBack(taken.entries[2].entry, for: 0)
        #expect(drain(&queue).said == ["b:3"])
        #expect(queue.consumers == ["b"])
    }

    @Test func `what waits can be taken out, those behind a key too`() {
        var queue = queue(("a", 1), ordersByKey: true)
        for (message, key) in [("1", "x"), ("2", "x"), ("3", "y")] { queue.append(Queue.Entry(message, key: key)) }
        let taken = drain(&queue)
        #expect(taken.said == ["a:1"])
        #expect(Set(queue.removeWaiting().map(\.message)) == ["2", "3"])
        #expect(queue.count == 0)
        #expect(!queue.finish(0, taken.entries[0].entry))
        #expect(drain(&queue).said == [])
    }

    @Test func `times are kept in order, equal ones in the order of arrival`() {
        var queue = DueQueue<String>()
        for (text, due) in [("c", 30), ("a", 10), ("b1", 20), ("b2", 20), ("d", 40)] as [(String, UInt64)] {
            queue.insert(text, due: due)
        }
        #expect(queue.popDue(at: 9) == nil)
        var taken: [String] = []
        while let next = queue.popDue(at: 30) { taken.append(next) }
        #expect(taken == ["a", "b1", "b2", "c"] && queue.earliest == 40)
    }

    @Test(arguments: [
        ("orders.*", "orders.eu", true), ("orders.*", "orders.", false), ("orders.*", "orders", false), ("*", "x", true),
        ("*", "*", true),
        ("a*b", "a*b", true), ("a*b", "axb", false), ("orders*", "orders*", true), ("t", "t", true), ("t", "T", false),
    ])
    func `a star at the end stands for one character or more`(pattern: String, topic: String, matches: Bool) {
        #expect(TopicPattern(pattern).matches(topic) == matches)
    }
}
