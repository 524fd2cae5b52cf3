import MechaCore

extension PubSubConformance {
    static let groupCases: [Case] = [
        Case("every group gets a copy") { scope in
            let inboxes = (0..<3).map { _ in PubSubInbox() }
            for (index, inbox) in inboxes.enumerated() { try await scope.subscribe(scope.topic("t"), group: "g\(index)", inbox) }
            for number in scope.numbers(20) { try await scope.publish(scope.topic("t"), number) }
            for inbox in inboxes {
                try await scope.arrives(scope.numbers(20), in: inbox)
                try checkEqual(inbox.count, 20, "messages of one group")
            }
        },
        Case("the consumers of a group share its messages") { scope in
            let inboxes = (0..<3).map { _ in PubSubInbox() }
            for inbox in inboxes { try await scope.subscribe(scope.topic("t"), max: 5, inbox) }
            try await scope.sharedBy(inboxes, count: 60)
        },
        Case("consumers of a group in two components share its messages", when: \.sharesGroupsAmongComponents) { scope in
            let inboxes = [PubSubInbox(), PubSubInbox()]
            let other = try await scope.connect()
            try await scope.subscribe(scope.topic("t"), max: 5, inboxes[0])
            try await scope.subscribe(scope.topic("t"), max: 5, on: other, inboxes[1])
            try await scope.sharedBy(inboxes, count: 60)
        },
        Case("a message of one component reaches groups of another", when: \.sharesGroupsAmongComponents) { scope in
            let inbox = PubSubInbox()
            let other = try await scope.connect()
            try await scope.subscribe(scope.topic("t"), on: other, inbox)
            for number in scope.numbers(10) { try await scope.publish(scope.topic("t"), number) }
            try await scope.arrives(scope.numbers(10), in: inbox)
        },
        Case("one group on two topics gets the messages of both") { scope in
            let inboxes = [PubSubInbox(), PubSubInbox()]
            try await scope.subscribe(scope.topic("a"), inboxes[0])
            try await scope.subscribe(scope.topic("b"), inboxes[1])
            try await scope.publish(scope.topic("a"), "to a")
            try await scope.publish(scope.topic("b"), "to b")
            try await scope.arrives(["to a"], in: inboxes[0])
            try await scope.arrives(["to b"], in: inboxes[1])
            try checkEqual(inboxes.map(\.texts), [["to a"], ["to b"]], "what each subscription got")
        },
    ]
}

extension PubSubCase {
    /// Publishes to the topic "t" and expects each message at exactly one of the inboxes.
    func sharedBy(_ inboxes: [PubSubInbox], count: Int) async throws {
        for number in numbers(count) { try await publish(topic("t"), number) }
        try await eventually("all \(count) messages arrive somewhere") {
            Set(inboxes.flatMap(\.texts)).count == count
        }
        try await settle()
        try checkEqual(inboxes.reduce(0) { $0 + $1.count }, count, "messages handed over to all consumers together")
    }
}
