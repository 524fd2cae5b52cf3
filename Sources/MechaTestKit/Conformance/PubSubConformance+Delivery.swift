import MechaCore
import NIOCore

extension PubSubConformance {
    static let deliveryCases: [Case] = [
        Case("a confirmed message is handed over with its topic, bytes and media type") { scope in
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), inbox)
            try await scope.publish(scope.topic("t"), "hello")
            try await scope.arrives(["hello"], in: inbox)
            let message = inbox.messages[0]
            try checkEqual(message.topic, scope.topic("t"), "the topic")
            if scope.profile.carriesContentType { try checkEqual(message.contentType, "text/plain", "the media type") }
            if scope.profile.countsAttempts { try checkEqual(message.attempt, 1, "the attempt") }
        },
        Case("an acknowledged message is never handed over again") { scope in
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), inbox)
            for number in scope.numbers(20) { try await scope.publish(scope.topic("t"), number) }
            try await scope.arrives(scope.numbers(20), in: inbox)
            try await scope.publish(scope.topic("t"), "last")
            try await scope.arrives(["last"], in: inbox)
            try await scope.settle()
            try checkEqual(inbox.texts.sorted(), (scope.numbers(20) + ["last"]).sorted(), "what was handed over")
        },
        Case("a publication without subscribers succeeds") { scope in
            try await scope.publish(scope.topic("nobody"), "hello")
        },
        Case("publications from many tasks all arrive") { scope in
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), inbox)
            try await withThrowingTaskGroup { group in
                for task in 0..<16 {
                    group.addTask { for number in 0..<25 { try await scope.publish(scope.topic("t"), "\(task)-\(number)") } }
                }
                try await group.waitForAll()
            }
            try await scope.arrives((0..<16).flatMap { task in (0..<25).map { "\(task)-\($0)" } }, in: inbox)
            try checkEqual(inbox.count, 400, "messages handed over")
        },
        Case("many topics with a subscription each keep their messages apart") { scope in
            let inboxes = (0..<40).map { _ in PubSubInbox() }
            // All at once, as the subscriptions of an app are.
            try await withThrowingTaskGroup { group in
                for (index, inbox) in inboxes.enumerated() {
                    group.addTask { _ = try await scope.subscribe(scope.topic("t\(index)"), inbox) }
                }
                try await group.waitForAll()
            }
            for index in inboxes.indices { try await scope.publish(scope.topic("t\(index)"), "for \(index)") }
            for (index, inbox) in inboxes.enumerated() {
                try await scope.arrives(["for \(index)"], in: inbox)
                try checkEqual(inbox.texts, ["for \(index)"], "what topic \(index) got")
            }
        },
        Case("a handler may publish") { scope in
            let echo = PubSubInbox()
            try await scope.subscribe(scope.topic("echo"), echo)
            let chain = PubSubInbox { message in
                let number = Int(text(message)) ?? 0
                do {
                    try await scope.publish(number < 200 ? scope.topic("chain") : scope.topic("echo"), "\(number + 1)")
                    return .acknowledge
                } catch {
                    return .redeliver
                }
            }
            try await scope.subscribe(scope.topic("chain"), chain)
            try await scope.publish(scope.topic("chain"), "0")
            try await scope.arrives(["201"], in: echo)
        },
    ]

    static let contentCases: [Case] = [
        Case("any bytes arrive as they were published") { scope in
            let samples: [[UInt8]] = [
                [], [0], [0xff, 0xfe, 0x00, 0x80], Array(0...255), [0xed, 0xa0, 0x80], Array("\r\n\0\"'\\".utf8),
            ]
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), max: 1, inbox)
            for bytes in samples {
                try await scope.broker.publish(
                    OutgoingMessage(
                        topic: scope.topic("t"), data: ByteBuffer(bytes: bytes), contentType: "application/octet-stream"))
            }
            try await scope.eventually("all samples arrive") { inbox.count >= samples.count }
            let found = inbox.messages.map { Array($0.data.readableBytesView) }
            for sample in samples { try check(found.contains(sample), "bytes \(sample.prefix(8)) did not arrive as they were") }
        },
        Case("a message as large as the broker takes arrives whole") { scope in
            var data = ByteBuffer(repeating: UInt8(ascii: "x"), count: scope.profile.largestMessageBytes)
            for index in stride(from: 0, to: data.readableBytes, by: 4_093) {
                data.setInteger(UInt8(truncatingIfNeeded: index), at: index)
            }
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), inbox)
            try await scope.broker.publish(OutgoingMessage(topic: scope.topic("t"), data: data))
            try await scope.eventually("the large message arrives") { inbox.count > 0 }
            try check(inbox.messages[0].data == data, "it arrived changed (\(inbox.messages[0].data.readableBytes) bytes)")
        },
        Case("metadata travels with the message", when: \.carriesMetadata) { scope in
            let inbox = PubSubInbox()
            try await scope.subscribe(scope.topic("t"), inbox)
            let metadata = ["x-plain": "value", "x-unicode": "smörgås 🐟", "x-empty": "", "x-quote": "a\"b\\c"]
            try await scope.publish(scope.topic("t"), "hello", metadata)
            try await scope.arrives(["hello"], in: inbox)
            for (key, value) in metadata { try checkEqual(inbox.messages[0].metadata[key], value, "metadata \(key)") }
        },
        Case("strange topics are topics like any other", when: \.takesAnyTopic) { scope in
            let names = [
                "two words", "ключ-鍵-🔑", "a/b/c", "a:b", "100%", "'quote\"", "{brace}", "UPPER", "upper", #"back\slash"#,
                String(repeating: "long", count: 50),
            ]
            let inboxes = names.map { _ in PubSubInbox() }
            for (name, inbox) in zip(names, inboxes) { try await scope.subscribe(scope.topic(name), inbox) }
            for name in names { try await scope.publish(scope.topic(name), "to \(name)") }
            for (name, inbox) in zip(names, inboxes) {
                try await scope.arrives(["to \(name)"], in: inbox)
                try checkEqual(inbox.messages.map(\.topic), [scope.topic(name)], "topics")
            }
        },
    ]
}
