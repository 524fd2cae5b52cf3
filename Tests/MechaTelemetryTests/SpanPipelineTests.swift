import Logging
import MechaCore
import MechaTelemetry
import MechaTestKit
import NIOCore
import Synchronization
import Testing

@testable import MechaTelemetryExport

@Suite(.timeLimit(.minutes(1))) struct SpanPipelineTests {
    /// Takes or refuses batches as scripted and lets a test wait for attempts.
    private final class ScriptedExporter: SpanExporter {
        let name = "scripted"
        private let answers: Mutex<[SpanExportError?]>
        private let attempts: AsyncStream<Int>.Continuation
        let attempted: AsyncStream<Int>

        /// - Parameter answers: of the first attempts; all later ones succeed.
        init(_ answers: [SpanExportError?] = []) {
            self.answers = Mutex(answers)
            (attempted, attempts) = AsyncStream.makeStream()
        }

        func export(_ spans: [TraceSpan]) async throws(SpanExportError) {
            let answer = answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            attempts.yield(spans.count)
            if let answer { throw answer }
        }
    }

    private func pipeline(
        _ exporter: any SpanExporter, clock: any MechaClock, registry: MetricRegistry = MetricRegistry(),
        change: (inout SpanPipelineLimits) -> Void = { _ in }
    ) -> SpanPipeline {
        var limits = SpanPipelineLimits()
        limits.maximumBatchSpans = 10
        change(&limits)
        return SpanPipeline(
            exporters: [exporter], limits: limits, registry: registry,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clock: clock)
    }

    private func page(_ registry: MetricRegistry) -> String { String(buffer: MetricsText.render([registry])) }

    @Test func `a full batch goes out at once`() async throws {
        let exporter = ScriptedExporter()
        let pipeline = pipeline(exporter, clock: ManualClock())
        async let running: Void = pipeline.run()
        for _ in 0..<10 { pipeline.queue.append(.sample) }
        var attempts = exporter.attempted.makeAsyncIterator()
        #expect(await attempts.next() == 10)
        pipeline.stop()
        await running
    }

    @Test func `a batch that is not full goes out after the interval`() async throws {
        let clock = ManualClock()
        let exporter = ScriptedExporter()
        let pipeline = pipeline(exporter, clock: clock) { $0.batchInterval = .seconds(1) }
        async let running: Void = pipeline.run()
        pipeline.queue.append(.sample)
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(1))
        var attempts = exporter.attempted.makeAsyncIterator()
        #expect(await attempts.next() == 1)
        pipeline.stop()
        await running
    }

    @Test func `a refusal that may pass is repeated with growing waits`() async throws {
        let clock = ManualClock()
        let registry = MetricRegistry()
        let error = SpanExportError("busy", isTransient: true)
        let exporter = ScriptedExporter([error, error, SpanExportError("busy", isTransient: true, retryAfter: .seconds(7))])
        let pipeline = pipeline(exporter, clock: clock, registry: registry) {
            $0.batchInterval = .seconds(3_600)
            $0.initialBackoff = .seconds(1)
        }
        async let running: Void = pipeline.run()
        for _ in 0..<10 { pipeline.queue.append(.sample) }
        var attempts = exporter.attempted.makeAsyncIterator()
        for wait in [1, 2, 7] {
            #expect(await attempts.next() == 10)
            // The ticker and the one that waits to try again.
            await clock.waitForSleepers(2)
            clock.advance(by: .seconds(wait))
        }
        #expect(await attempts.next() == 10)
        pipeline.stop()
        await running
        #expect(page(registry).contains("mecha_trace_spans_exported_total{exporter=\"scripted\"} 10\n"))
        #expect(!page(registry).contains("mecha_trace_spans_failed_total"))
    }

    @Test func `a refusal that will not pass drops the batch`() async throws {
        let registry = MetricRegistry()
        let exporter = ScriptedExporter([SpanExportError("never", isTransient: false)])
        let pipeline = pipeline(exporter, clock: ManualClock(), registry: registry)
        async let running: Void = pipeline.run()
        for _ in 0..<10 { pipeline.queue.append(.sample) }
        var attempts = exporter.attempted.makeAsyncIterator()
        #expect(await attempts.next() == 10)
        for _ in 0..<10 { pipeline.queue.append(.sample) }
        #expect(await attempts.next() == 10)
        pipeline.stop()
        await running
        #expect(page(registry).contains("mecha_trace_spans_failed_total{exporter=\"scripted\"} 10\n"))
        #expect(page(registry).contains("mecha_trace_spans_exported_total{exporter=\"scripted\"} 10\n"))
    }

    @Test func `a stop sends what is left and does not wait for a destination that is down`() async throws {
        let registry = MetricRegistry()
        let clock = ManualClock()
        let down = SpanExportError("down", isTransient: true)
        let exporter = ScriptedExporter([down, down, down])
        let pipeline = pipeline(exporter, clock: clock, registry: registry) { $0.maximumQueuedSpans = 15 }
        async let running: Void = pipeline.run()
        for _ in 0..<10 { pipeline.queue.append(.sample) }
        var attempts = exporter.attempted.makeAsyncIterator()
        #expect(await attempts.next() == 10)
        await clock.waitForSleepers(2)
        for _ in 0..<20 { pipeline.queue.append(.sample) }
        // Nobody moves the clock: only the stop can end the wait.
        pipeline.stop()
        await running
        #expect(await attempts.next() == 10)
        #expect(await attempts.next() == 10)
        #expect(await attempts.next() == 5)
        #expect(page(registry).contains("mecha_trace_spans_failed_total{exporter=\"scripted\"} 20\n"))
        #expect(page(registry).contains("mecha_trace_spans_exported_total{exporter=\"scripted\"} 5\n"))
        #expect(page(registry).contains("mecha_trace_spans_dropped_total 5\n"))
    }

    @Test func `waits grow up to their limit`() {
        let limits = SpanPipelineLimits()
        let error = SpanExportError("busy", isTransient: true)
        let asked = SpanExportError("busy", isTransient: true, retryAfter: .seconds(3_600))
        #expect(
            (1...6).map { limits.backoff(after: $0, error) } == [
                .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(10),
            ])
        #expect(limits.backoff(after: 1, asked) == limits.maximumBackoff)
        #expect(limits.backoff(after: .max, error) == limits.maximumBackoff)
    }
}

extension ManualClock {
    /// Returns once that many tasks sleep.
    fileprivate func waitForSleepers(_ count: Int) async {
        while sleeperCount < count { await Task.yield() }
    }
}
