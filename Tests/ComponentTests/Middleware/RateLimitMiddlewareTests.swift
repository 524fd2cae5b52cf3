import MechaCore
import MechaTestKit
import Testing

@testable import MechaMiddleware

@Suite struct RateLimitMiddlewareTests {
    @Test func `so many requests a second of a client to a path`() async throws {
        let clock = ManualClock()
        let step = try middleware(RateLimitMiddleware.descriptor, ["maxRequestsPerSecond": "3"], clock: clock)
        func ask(_ target: String = "/a", from address: String? = "10.0.0.1") -> Int? {
            var request = getRequest(target, from: address)
            return step.judge(&request).status
        }
        #expect((0..<4).map { _ in ask() } == [nil, nil, nil, 429])
        #expect(ask("/b") == nil, "another path")
        #expect(ask("/a?query") == 429, "the query is no part of the path")
        #expect(ask(from: "10.0.0.2") == nil, "another client")
        clock.advance(by: .milliseconds(334))
        #expect([ask(), ask()] == [nil, 429], "a third of a second brings one back")
        clock.advance(by: .seconds(60))
        #expect((0..<4).map { _ in ask() } == [nil, nil, nil, 429], "never more than a second's worth")
    }

    @Test func `what is refused says when to come back`() throws {
        let clock = ManualClock()
        let step = try middleware(RateLimitMiddleware.descriptor, ["maxRequestsPerSecond": "0.1"], clock: clock)
        var request = getRequest()
        #expect(step.judge(&request).passes)
        #expect(request.responseHeaders["x-rate-limit-limit"] == ["0.10"])
        var second = getRequest()
        guard case .answer(let answer) = step.judge(&second) else { throw Unexpected() }
        #expect(answer.headers["retry-after"] == ["10"])
        #expect(String(buffer: answer.body) == "You have reached maximum request limit.")
    }

    private struct Unexpected: Error {}

    @Test func `requests of the runtime count for whom they name as the sender`() throws {
        let step = try middleware(RateLimitMiddleware.descriptor, ["maxRequestsPerSecond": "1"])
        func ask(_ sender: String?) -> Int? {
            var request = getRequest("/a", sender.map { ["x-forwarded-for": $0] } ?? [:], from: nil)
            return step.judge(&request).status
        }
        #expect([ask("1.1.1.1, 2.2.2.2"), ask("1.1.1.1"), ask("2.2.2.2"), ask(nil), ask(nil)] == [nil, 429, nil, nil, 429])
    }

    @Test(arguments: ["0", "-1", "many", "inf", "nan"]) func `a limit that is none`(_ text: String) {
        #expect(throws: MetadataError.self) { try middleware(RateLimitMiddleware.descriptor, ["maxRequestsPerSecond": text]) }
    }

    @Test func `buckets are bounded, and those in use outlive full ones`() {
        var buckets = TokenBuckets(perSecond: 1)
        var now: UInt64 = 1
        for index in 0..<50_000 {
            #expect(buckets.take("key \(index)", at: now) == nil)
            now += 1_000_000
        }
        #expect(buckets.count <= TokenBuckets.maximumBuckets)
        #expect(buckets.take("key 49999", at: now) != nil, "the last one is known")
    }
}
