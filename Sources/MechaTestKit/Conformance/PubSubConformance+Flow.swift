import MechaCore

extension PubSubConformance {
    static let flowCases: [Case] = [
        Case("no more messages are in flight than asked for, and so many are") { scope in
            let gate = scope.gate()
            let inbox = PubSubInbox { _ in
                await gate.wait()
                return .acknowledge
            }
            try await scope.subscribe(scope.topic("t"), max: 3, inbox)
            for number in scope.numbers(20) { try await scope.publish(scope.topic("t"), number) }
            try await scope.eventually("three are in flight") { inbox.inFlight == 3 }
            try await scope.settle()
            try checkEqual(inbox.inFlight, 3, "messages in flight")
            gate.open()
            try await scope.arrives(scope.numbers(20), in: inbox)
            try check(inbox.mostInFlight <= 3, "\(inbox.mostInFlight) messages were in flight at once")
        },
        Case("a pause hands over nothing, and its end everything that came meanwhile") { scope in
            let inbox = PubSubInbox()
            let feed = try await scope.subscribe(scope.topic("t"), inbox)
            try await scope.publish(scope.topic("t"), "before")
            try await scope.arrives(["before"], in: inbox)
            await feed.pause()
            try await scope.settle()
            for number in scope.numbers(30) { try await scope.publish(scope.topic("t"), number) }
            try await scope.settle()
            try checkEqual(inbox.texts, ["before"], "what was handed over during the pause")
            await feed.resume()
            try await scope.arrives(scope.numbers(30), in: inbox)
            try await scope.settle()
            try checkEqual(inbox.count, 31, "messages handed over")
        },
        Case("what is under way goes on during a pause, and what is refused then comes after it") { scope in
            let gate = scope.gate()
            let inbox = PubSubInbox { message in
                await gate.wait()
                return message.attempt.map { $0 == 1 } ?? true && text(message) == "refused" ? .redeliver : .acknowledge
            }
            let feed = try await scope.subscribe(scope.topic("t"), inbox)
            for body in ["taken", "refused"] { try await scope.publish(scope.topic("t"), body) }
            try await scope.eventually("both are in flight") { inbox.inFlight == 2 }
            await feed.pause()
            gate.open()
            try await scope.eventually("both are answered") { inbox.inFlight == 0 }
            try await scope.settle()
            await feed.resume()
            guard scope.profile.countsAttempts else { return }
            try await scope.comesAgain { Set(inbox.acknowledged) == ["taken", "refused"] }
        },
        Case("pauses while messages stream lose nothing") { scope in
            let inbox = PubSubInbox()
            let feed = try await scope.subscribe(scope.topic("t"), max: 10, inbox)
            try await withThrowingTaskGroup { group in
                group.addTask { for number in scope.numbers(200) { try await scope.publish(scope.topic("t"), number) } }
                group.addTask {
                    for _ in 0..<10 {
                        await feed.pause()
                        try await Task.sleep(for: .milliseconds(5))
                        await feed.resume()
                        try await Task.sleep(for: .milliseconds(5))
                    }
                }
                try await group.waitForAll()
            }
            try await scope.arrives(scope.numbers(200), in: inbox)
        },
        Case("the pause of one consumer leaves its work to the others of the group") { scope in
            let (paused, active) = (PubSubInbox(), PubSubInbox())
            let feed = try await scope.subscribe(scope.topic("t"), max: 5, paused)
            try await scope.subscribe(scope.topic("t"), max: 5, active)
            await feed.pause()
            try await scope.settle()
            for number in scope.numbers(20) { try await scope.publish(scope.topic("t"), number) }
            try await scope.comesAgain { Set(active.texts).count == 20 }
        },
    ]

    static let orderCases: [Case] = [
        Case("one message in flight means strict order, also over redeliveries", when: \.keepsOrder) { scope in
            let inbox = PubSubInbox { message in
                // Every seventh fails the first time.
                let number = Int(text(message).split(separator: " ")[1]) ?? 0
                return number % 7 == 3 && message.attempt ?? 1 == 1 ? .redeliver : .acknowledge
            }
            try await scope.subscribe(scope.topic("t"), max: 1, inbox)
            for number in scope.numbers(25) { try await scope.publish(scope.topic("t"), number) }
            guard scope.profile.countsAttempts else { return }
            try await scope.comesAgain { inbox.acknowledged.count >= 25 }
            try checkEqual(inbox.acknowledged, scope.numbers(25), "the order")
            try checkEqual(inbox.mostInFlight, 1, "messages in flight at once")
        },
        Case("messages of one key keep their order while other keys go on", needs: .keyOrder) { scope in
            let isMended = scope.gate()
            let inbox = PubSubInbox { message in
                if text(message) == "a 3", message.attempt ?? 1 < 3 { return .redeliver }
                if text(message) == "b 0" { await isMended.wait() }
                return .acknowledge
            }
            try await scope.subscribe(scope.topic("t"), max: 20, ordersByKey: true, inbox)
            for number in 0..<20 {
                for key in ["a", "b", "c"] { try await scope.publish(scope.topic("t"), "\(key) \(number)", ["partitionKey": key]) }
            }
            try await scope.publish(scope.topic("t"), "free")
            // "b 0" is under way and holds the key b only.
            try await scope.comesAgain { inbox.acknowledged.filter { !$0.hasPrefix("b") }.count >= 41 }
            try check(!inbox.texts.contains("b 1"), "a message overtook the one of its key that is in flight")
            isMended.open()
            try await scope.comesAgain { inbox.acknowledged.count >= 61 }
            for key in ["a", "b", "c"] {
                try checkEqual(
                    inbox.acknowledged.filter { $0.hasPrefix(key) }, (0..<20).map { "\(key) \($0)" }, "the order of key \(key)")
            }
        },
    ]
}
