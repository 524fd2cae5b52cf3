import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaInvocation

/// What an app answers to `GET /dapr/subscribe` is the app's: whatever it is, reading it ends.
@Suite struct SubscriptionListFuzzTests {
    private static let good =
        Array(
            #"[{"pubsubname":"bus","topic":"t","route":"/r","metadata":{"rawPayload":"true","n":1},"deadLetterTopic":"d"},"#.utf8)
        + Array(
            #"{"pubsubname":"bus","topic":"u","routes":{"rules":[{"match":"event.type == \"x\"","path":"/x"}],"default":"/d"},"#.utf8)
        + Array(#""bulkSubscribe":{"enabled":true,"maxMessagesCount":10,"maxAwaitDurationMs":40}}]"#.utf8)

    @Test func `the sample is read`() throws { #expect(try SubscriptionList.decode(ByteBuffer(bytes: Self.good)).count == 2) }

    @Test(arguments: 0..<4) func `damaged lists are read or refused in words`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let words = ["null", "{}", "[]", "-1", "9223372036854775808", "\"\"", "true", "{\"a\":[]}"].map { Array($0.utf8) }
        for _ in 0..<1_500 {
            var bytes = Self.good
            for _ in 0...Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let end = min(bytes.count, place + Int.random(in: 1...12, using: &random))
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(place..<end)
                case 2: bytes.replaceSubrange(place..<end, with: words.randomElement(using: &random) ?? [])
                default: bytes.insert(contentsOf: bytes[place..<end], at: place)
                }
            }
            do {
                for subscription in try SubscriptionList.decode(ByteBuffer(bytes: bytes)) { #expect(subscription.origin == .programmatic) }
            } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
    }
}
