import Testing

@testable import MechaCore

/// Traces: what is appended and answered, and who gets what.
@Suite struct DeliveryQueueTests {
    private typealias Queue = DeliveryQueue<String, String>

    /// Drives a queue; expectations cannot change a value themselves.
    private final class Rig {
        var queue = Queue()

        init(_ consumers: (name: String, maximum: Int)..., ordersByKey: Bool = false) {
            for (index, consumer) in consumers.enumerated() {
                queue.join(consumer.name, id: index, maximumInFlight: consumer.maximum, ordersByKey: ordersByKey)
            }
        }

        func append(_ message: String, key: String? = nil) { queue.append(Queue.Entry(message, key: key)) }
        func finish(_ id: Int, _ entry: Queue.Entry) -> Bool { queue.finish(id, entry) }
        func postpone(_ id: Int, _ entry: Queue.Entry, holdsConsumer: Bool) -> Bool {
            queue.postpone(id, entry, holdsConsumer: holdsConsumer)
        }
        func comeBack(_ entry: Queue.Entry, for id: Int?) { queue.comeBack(entry, for: id) }
        func leave(_ id: Int) -> Bool { queue.leave(id) }
        func removeWaiting() -> [String] { queue.removeWaiting().map(\.message) }

        /// Everything that can be handed over now, as `consumer:message`.
        func drain() -> (said: [String], entries: [(id: Int, entry: Queue.Entry)]) {
            var said: [String] = []
            var entries: [(id: Int, entry: Queue.Entry)] = []
            while let (id, consumer, entry) = queue.next() {
                said.append("\(consumer):\(entry.message)")
                entries.append((id, entry))
            }
            return (said, entries)
        }
    }

    @Test func `consumers take turns up to what they may have in flight`() {
        let queue = Rig(("a", 2), ("b", 1))
        for message in ["1", "2", "3", "4"] { queue.append(message) }
        let first = queue.drain()
        #expect(first.said == ["a:1", "b:2", "a:3"])
        #expect(queue.queue.count == 1 && queue.queue.inFlight == 3)
        #expect(!queue.finish(first.entries[1].id, first.entries[1].entry))
        #expect(queue.drain().said == ["b:4"])
    }

    @Test func `a consumer that is held takes nothing until its message is back`() {
        let queue = Rig(("a", 1))
        for message in ["1", "2"] { queue.append(message) }
        let (id, entry) = queue.drain().entries[0]
        #expect(!queue.postpone(id, entry, holdsConsumer: true))
        #expect(queue.drain().said == [])
        queue.comeBack(entry, for: id)
        #expect(queue.drain().said == ["a:1"])
    }

    @Test func `without a hold the next message goes on`() {
        let queue = Rig(("a", 1))
        for message in ["1", "2"] { queue.append(message) }
        let (id, entry) = queue.drain().entries[0]
        #expect(!queue.postpone(id, entry, holdsConsumer: false))
        #expect(queue.drain().said == ["a:2"])
    }

    @Test func `messages of a key wait for the one before, also while it is postponed`() {
        let queue = Rig(("a", 10), ordersByKey: true)
        for (message, key) in [("1", "x"), ("2", "x"), ("3", "y"), ("4", "x"), ("5", nil)] as [(String, String?)] {
            queue.append(message, key: key)
        }
        let first = queue.drain()
        #expect(first.said == ["a:1", "a:3", "a:5"])
        #expect(queue.queue.count == 2)
        #expect(!queue.postpone(0, first.entries[0].entry, holdsConsumer: false))
        #expect(queue.drain().said == [])
        queue.comeBack(first.entries[0].entry, for: nil)
        let again = queue.drain()
        #expect(again.said == ["a:1"])
        #expect(!queue.finish(0, again.entries[0].entry))
        let second = queue.drain()
        #expect(second.said == ["a:2"])
        #expect(!queue.finish(0, second.entries[0].entry))
        #expect(queue.drain().said == ["a:4"])
        #expect(queue.queue.count == 0)
    }

    @Test func `a consumer that leaves is gone with its last answer`() {
        let queue = Rig(("a", 2), ("b", 2))
        for message in ["1", "2", "3"] { queue.append(message) }
        let taken = queue.drain()
        #expect(taken.said == ["a:1", "b:2", "a:3"])
        #expect(!queue.leave(0))
        #expect(!queue.finish(0, taken.entries[0].entry))
        #expect(queue.postpone(0, taken.entries[2].entry, holdsConsumer: true))
        queue.comeBack(taken.entries[2].entry, for: 0)
        #expect(queue.drain().said == ["b:3"])
        #expect(queue.queue.consumers == ["b"])
    }

    @Test func `what waits can be taken out, those behind a key too`() {
        let queue = Rig(("a", 1), ordersByKey: true)
        for (message, key) in [("1", "x"), ("2", "x"), ("3", "y")] { queue.append(message, key: key) }
        let taken = queue.drain()
        #expect(taken.said == ["a:1"])
        #expect(Set(queue.removeWaiting()) == ["2", "3"])
        #expect(queue.queue.count == 0)
        #expect(!queue.finish(0, taken.entries[0].entry))
        #expect(queue.drain().said == [])
    }

    @Test func `times are kept in order, equal ones in the order of arrival`() {
        var queue = DueQueue<String>()
        for (text, due) in [("c", 30), ("a", 10), ("b1", 20), ("b2", 20), ("d", 40)] as [(String, UInt64)] {
            queue.insert(text, due: due)
        }
        let early = queue.popDue(at: 9)
        #expect(early == nil)
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
