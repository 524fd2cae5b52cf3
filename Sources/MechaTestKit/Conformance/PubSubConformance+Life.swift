import MechaCore
import Synchronization

extension PubSubConformance {
    static let lifeCases: [Case] = [
        Case("closing a feed waits for its handlers and hands over nothing more") { scope in
            let gate = scope.gate()
            let inbox = PubSubInbox { _ in
                await gate.wait()
                return .acknowledge
            }
            let feed = try await scope.subscribe(scope.topic("t"), max: 2, inbox)
            for number in scope.numbers(6) { try await scope.publish(scope.topic("t"), number) }
            try await scope.eventually("two are in flight") { inbox.inFlight == 2 }
            let isClosed = Atomic(false)
            let closing = Task {
                await feed.close()
                isClosed.store(true, ordering: .releasing)
            }
            try await scope.settle()
            try check(!isClosed.load(ordering: .acquiring), "close returned while handlers ran")
            gate.open()
            await closing.value
            let count = inbox.count
            try checkEqual(inbox.inFlight, 0, "messages in flight after the close")
            try await scope.settle()
            try checkEqual(inbox.count, count, "messages handed over after the close")
        },
        Case("what a closed feed did not acknowledge goes to the next consumer of the group", when: \.keepsGroups) { scope in
            let gate = scope.gate()
            let first = PubSubInbox { message in
                await gate.wait()
                return text(message) == "message 0" ? .acknowledge : .redeliver
            }
            let feed = try await scope.subscribe(scope.topic("t"), max: 2, first)
            for number in scope.numbers(10) { try await scope.publish(scope.topic("t"), number) }
            try await scope.eventually("two are in flight") { first.inFlight == 2 }
            let closing = Task { await feed.close() }
            try await scope.settle()
            gate.open()
            await closing.value
            let second = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), second)
            let rest = Set(scope.numbers(10)).subtracting(first.acknowledged)
            try await scope.comesAgain { rest.isSubset(of: second.texts) }
            try check(Set(second.texts).isDisjoint(with: first.acknowledged), "an acknowledged message came again")
        },
        Case("a feed may be closed twice and paused afterwards") { scope in
            let feed = try await scope.subscribe(scope.topic("t"), PubSubInbox())
            await feed.close()
            await feed.close()
            await feed.pause()
            await feed.resume()
        },
        Case("a group without consumers goes on to gather messages", when: \.keepsGroups) { scope in
            let feed = try await scope.subscribe(scope.topic("t"), PubSubInbox())
            await feed.close()
            for number in scope.numbers(10) { try await scope.publish(scope.topic("t"), number) }
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), inbox)
            try await scope.arrives(scope.numbers(10), in: inbox)
        },
        Case("a group that is the first of its topic gets what was published before", when: \.keepsForFutureGroups) { scope in
            for number in scope.numbers(10) { try await scope.publish(scope.topic("t"), number) }
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), inbox)
            try await scope.arrives(scope.numbers(10), in: inbox)
        },
        Case("a new component continues where the old one was", when: \.isDurable) { scope in
            let old = try await scope.connect()
            let first = PubSubInbox { message in (Int(text(message).split(separator: " ")[1]) ?? 0) < 10 ? .acknowledge : .redeliver
            }
            try await scope.subscribe(scope.topic("t"), on: old, first)
            for number in scope.numbers(20) { try await scope.publish(scope.topic("t"), number, on: old) }
            try await scope.eventually("ten are acknowledged") { first.acknowledged.count == 10 }
            await old.close()
            try await scope.publish(scope.topic("t"), "message 20")

            let second = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), on: try await scope.connect(), second)
            try await scope.comesAgain { Set(second.texts).isSuperset(of: scope.numbers(21)[10...]) }
            try checkEqual(Set(second.texts), Set(scope.numbers(21)[10...]), "what the new component handed over")
        },
        Case("a closed component says so") { scope in
            let component = try await scope.connect()
            try await scope.subscribe(scope.topic("t"), on: component, PubSubInbox())
            await component.close()
            try checkEqual(component.status.phase, .closed, "the status")
            try await scope.expectRefusal(.closed, "a publication") {
                try await scope.publish(scope.topic("t"), "x", on: component)
            }
            try await scope.expectRefusal(.closed, "a subscription") {
                _ = try await component.subscribe(SubscriptionRequest(topic: scope.topic("t"), consumerGroup: "g")) { _ in
                    .acknowledge
                }
            }
        },
    ]
}
