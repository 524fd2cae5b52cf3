import MechaCore
import Synchronization

extension PubSubConformance {
    static let redeliveryCases: [Case] = [
        Case("a message is handed over until it is acknowledged") { scope in
            let tries = Mutex(0)
            let inbox = PubSubInbox { _ in
                tries.withLock { tries in
                    tries += 1
                    return tries < 4 ? .redeliver : .acknowledge
                }
            }
            try await scope.subscribe(scope.topic("t"), inbox)
            try await scope.publish(scope.topic("t"), "stubborn")
            try await scope.comesAgain { inbox.acknowledged == ["stubborn"] }
            try checkEqual(inbox.texts, Array(repeating: "stubborn", count: 4), "what was handed over")
            if scope.profile.countsAttempts {
                try checkEqual(inbox.messages.map(\.attempt), [1, 2, 3, 4], "the attempts")
                let moments = Set(inbox.messages.map(\.firstDelivered))
                try check(moments.count <= 2, "the moment of the first delivery changes: \(moments.count) of them")
            }
        },
        Case("other messages go on while one is handed over again and again") { scope in
            let isMended = Atomic(false)
            let inbox = PubSubInbox { message in
                text(message) == "poison" && !isMended.load(ordering: .relaxed) ? .redeliver : .acknowledge
            }
            try await scope.subscribe(scope.topic("t"), max: 4, inbox)
            try await scope.publish(scope.topic("t"), "poison")
            for number in scope.numbers(30) { try await scope.publish(scope.topic("t"), number) }
            try await scope.eventually("the others are acknowledged") { Set(inbox.acknowledged).count == 30 }
            isMended.store(true, ordering: .relaxed)
            try await scope.comesAgain { inbox.acknowledged.contains("poison") }
        },
        Case("a refusal in one group does not concern another") { scope in
            let (refusing, content) = (PubSubInbox { _ in .redeliver }, PubSubInbox())
            try await scope.subscribe(scope.topic("t"), group: "refusing", refusing)
            try await scope.subscribe(scope.topic("t"), group: "content", content)
            try await scope.publish(scope.topic("t"), "hello")
            try await scope.comesAgain { refusing.count >= 3 }
            try checkEqual(content.texts, ["hello"], "what the other group got")
        },
        Case("every one of many messages that fail at first arrives in the end") { scope in
            let seen = Mutex<Set<String>>([])
            let inbox = PubSubInbox { message in
                seen.withLock { $0.insert(text(message)).inserted } ? .redeliver : .acknowledge
            }
            try await scope.subscribe(scope.topic("t"), max: 10, inbox)
            for number in scope.numbers(50) { try await scope.publish(scope.topic("t"), number) }
            try await scope.comesAgain { Set(inbox.acknowledged).count == 50 }
        },
    ]
}

extension PubSubCase {
    /// Waits for something that takes redeliveries, whose pauses the broker's clock may measure.
    func comesAgain(_ condition: () async throws -> Bool) async throws {
        try await eventually("what failed comes again and is taken") {
            if try await condition() { return true }
            try await profile.letPass(.milliseconds(20))
            return false
        }
    }
}
