import MechaCore
import NIOCore

extension PubSubConformance {
    static let publishingCases: [Case] = [
        Case("a bulk publication has an outcome for each message and delivers them all") { scope in
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), inbox)
            let outcomes = try await scope.broker.publish(scope.numbers(100).map { scope.message(scope.topic("t"), $0) })
            try checkEqual(outcomes.map { $0 == nil }, Array(repeating: true, count: 100), "confirmations")
            try await scope.arrives(scope.numbers(100), in: inbox)
            try checkEqual(inbox.count, 100, "messages handed over")
        },
        Case("a bulk publication of nothing has no outcomes") { scope in
            try checkEqual(try await scope.broker.publish([]).count, 0, "outcomes")
        },
        Case("a message of a bulk that is refused leaves the others alone", needs: .messageTTL) { scope in
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), inbox)
            let outcomes = try await scope.broker.publish([
                scope.message(scope.topic("t"), "one"), scope.message(scope.topic("t"), "bad", ["ttlInSeconds": "soon"]),
                scope.message(scope.topic("t"), "three"),
            ])
            try checkEqual(outcomes.map { $0 == nil }, [true, false, true], "confirmations")
            try checkEqual((outcomes[1] as? CapabilityError)?.code, .invalidArgument, "the code of the refusal")
            try await scope.arrives(["one", "three"], in: inbox)
            try await scope.settle()
            try check(!inbox.texts.contains("bad"), "what was refused was delivered")
        },
    ]

    static let featureCases: [Case] = [
        Case("a message whose time is over is not handed over, others are", needs: .messageTTL) { scope in
            let inbox = PubSubInbox()
            let feed = try await scope.subscribe(scope.topic("t"), inbox)
            await feed.pause()
            try await scope.settle()
            try await scope.publish(scope.topic("t"), "short", ["ttlInSeconds": "1"])
            try await scope.publish(scope.topic("t"), "long", ["TTLinSeconds": "3600"])
            try await scope.publish(scope.topic("t"), "forever")
            try await scope.profile.letPass(.seconds(1))
            await feed.resume()
            try await scope.arrives(["long", "forever"], in: inbox)
            try await scope.settle()
            try check(!inbox.texts.contains("short"), "an expired message was handed over")
        },
        Case("a message in its time is handed over", needs: .messageTTL) { scope in
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), inbox)
            try await scope.publish(scope.topic("t"), "short", ["ttlInSeconds": "60"])
            try await scope.arrives(["short"], in: inbox)
        },
        Case("a time to live that is no positive number is refused", needs: .messageTTL) { scope in
            for text in ["soon", "-1", "0", "1.5"] {
                try await scope.expectRefusal(.invalidArgument, "ttlInSeconds \(text)") {
                    try await scope.publish(scope.topic("t"), "x", ["ttlInSeconds": text])
                }
            }
        },
        Case("a delayed message comes when its delay is over and holds nothing up", needs: .delayedDelivery) { scope in
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), inbox)
            try await scope.publish(scope.topic("t"), "later", ["delayInSeconds": "2"])
            try await scope.publish(scope.topic("t"), "now")
            try await scope.arrives(["now"], in: inbox)
            try await scope.settle()
            try check(!inbox.texts.contains("later"), "the delayed message came at once")
            try await scope.profile.letPass(.seconds(2))
            try await scope.arrives(["later"], in: inbox)
            try await scope.settle()
            try checkEqual(inbox.count, 2, "messages handed over")
        },
        Case("a delay that is no positive number is refused", needs: .delayedDelivery) { scope in
            try await scope.expectRefusal(.invalidArgument, "delayInSeconds soon") {
                try await scope.publish(scope.topic("t"), "x", ["delayInSeconds": "soon"])
            }
        },
        Case("a pattern takes every topic that it matches, also those that first appear later", needs: .subscribeWildcards) {
            scope in
            let (inbox, exact) = (PubSubInbox(), PubSubInbox())
            try await scope.publish(scope.topic("orders", "eu"), "too early")
            try await scope.subscribe(scope.pattern("orders"), probing: scope.topic("orders", "probe"), inbox)
            try await scope.subscribe(scope.topic("orders", "us"), group: "other", exact)
            let bodies = ["eu", "us", "ключ"]
            for name in bodies { try await scope.publish(scope.topic("orders", name), name) }
            try await scope.publish(scope.topic("invoices", "eu"), "another topic")
            try await scope.arrives(bodies, in: inbox)
            try await scope.arrives(["us"], in: exact)
            try await scope.settle()
            try check(!inbox.texts.contains("another topic"), "a topic that does not match was delivered")
            try checkEqual(exact.texts, ["us"], "what the subscription to one topic got")
            for message in inbox.messages where text(message) != "too early" {
                try checkEqual(message.topic, scope.topic("orders", text(message)), "the topic of a message")
            }
        },
    ]
}
