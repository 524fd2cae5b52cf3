import MechaCore
import NIOCore
import Testing

@testable import MechaRedis

@Suite struct RedisPipelineTests {
    private func time(_ seconds: UInt64) -> NIODeadline { .uptimeNanoseconds(seconds * 1_000_000_000) }

    @Test func `replies go to those who asked, in the order they asked`() {
        var pipeline = RedisPipeline<String>(limits: RedisLimits())
        #expect(pipeline.enqueue("a", replies: 1, bytes: 10, deadline: time(3)) == .init(needsFlush: true, armTimer: time(3)))
        #expect(pipeline.enqueue("b", replies: 2, bytes: 10, deadline: time(4)) == .init(needsFlush: false, armTimer: nil))
        pipeline.flushed()
        #expect(pipeline.enqueue("c", replies: 1, bytes: 10, deadline: time(5)) == .init(needsFlush: true, armTimer: nil))
        pipeline.flushed()
        #expect(pipeline.expectedReplies == 1)
        #expect(pipeline.replied() == "a")
        #expect(pipeline.expectedReplies == 2)
        #expect(pipeline.replied() == "b")
        #expect(pipeline.replied() == "c")
        #expect(pipeline.expectedReplies == 0)
        #expect(pipeline.replied() == nil as String?)
    }

    @Test func `a lost connection tells apart what was sent and what was not`() {
        var pipeline = RedisPipeline<String>(limits: RedisLimits())
        for name in ["a", "b"] { _ = pipeline.enqueue(name, replies: 1, bytes: 1, deadline: time(3)) }
        pipeline.flushed()
        _ = pipeline.replied()
        _ = pipeline.enqueue("c", replies: 1, bytes: 1, deadline: time(3))
        let failures = pipeline.lost()
        #expect(failures.sent == ["b"])
        #expect(failures.unsent == ["c"])
        #expect(pipeline.isIdle)
        #expect(pipeline.refusal?.code == .closed)
    }

    @Test func `what was not sent yet cannot be answered`() {
        var pipeline = RedisPipeline<String>(limits: RedisLimits())
        _ = pipeline.enqueue("a", replies: 1, bytes: 1, deadline: time(3))
        #expect(pipeline.expectedReplies == 0)
        #expect(pipeline.replied() == nil as String?)
        pipeline.flushed()
        #expect(pipeline.expectedReplies == 1)
    }

    @Test func `a late reply to the oldest request makes the connection useless`() {
        var pipeline = RedisPipeline<String>(limits: RedisLimits())
        _ = pipeline.enqueue("a", replies: 1, bytes: 1, deadline: time(3))
        _ = pipeline.enqueue("b", replies: 1, bytes: 1, deadline: time(5))
        pipeline.flushed()
        _ = pipeline.replied()
        #expect(pipeline.timerFired(now: time(3)) == .rearm(time(5)))
        #expect(pipeline.timerFired(now: time(5)) == .expired)
    }

    @Test func `the timer rests while nothing is in flight, and is armed again by the next request`() {
        var pipeline = RedisPipeline<String>(limits: RedisLimits())
        _ = pipeline.enqueue("a", replies: 1, bytes: 1, deadline: time(3))
        pipeline.flushed()
        _ = pipeline.replied()
        #expect(pipeline.timerFired(now: time(3)) == .none)
        #expect(pipeline.enqueue("b", replies: 1, bytes: 1, deadline: time(9)).armTimer == time(9))
    }

    @Test func `too many requests in flight, or too many bytes, are refused until some are answered`() {
        var limits = RedisLimits()
        limits.inFlightPerConnection = 2
        limits.unansweredBytesPerConnection = 100
        var pipeline = RedisPipeline<String>(limits: limits)
        _ = pipeline.enqueue("a", replies: 1, bytes: 10, deadline: time(3))
        #expect(pipeline.refusal == nil)
        _ = pipeline.enqueue("b", replies: 1, bytes: 10, deadline: time(3))
        #expect(pipeline.refusal?.code == .resourceExhausted)
        pipeline.flushed()
        _ = pipeline.replied()
        #expect(pipeline.refusal == nil)
        _ = pipeline.replied()
        _ = pipeline.enqueue("c", replies: 1, bytes: 1000, deadline: time(3))
        #expect(pipeline.refusal?.code == .resourceExhausted)
        pipeline.flushed()
        _ = pipeline.replied()
        #expect(pipeline.refusal == nil)
    }

    @Test func `a draining connection finishes what is in flight and takes nothing new`() {
        var pipeline = RedisPipeline<String>(limits: RedisLimits())
        _ = pipeline.enqueue("a", replies: 1, bytes: 1, deadline: time(3))
        pipeline.flushed()
        var isDone = pipeline.drain()
        #expect(!isDone)
        #expect(pipeline.refusal?.code == .closed)
        #expect(pipeline.replied() == "a")
        isDone = pipeline.drain()
        #expect(isDone)
    }
}
