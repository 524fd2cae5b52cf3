import Logging
import MechaCore
import MechaTelemetry
import MechaWire
import NIOCore
import Synchronization

/// Takes spans out of a queue in batches and hands each batch to every exporter.
///
/// It runs in a task of its own on an event loop, so that no further thread is needed. A batch
/// that an exporter does not take is repeated with growing waits and then dropped; meanwhile the queue fills
/// up and drops, and nothing else notices.
public final class SpanPipeline: Sendable {
    /// Where ended spans go in; give it to a `Tracer`.
    public let queue: SpanQueue

    private let exporters: [any SpanExporter]
    private let limits: SpanPipelineLimits
    private let clock: any MechaClock
    private let logger: Logger
    private let metrics: SpanPipelineMetrics
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation
    private let stopping = StopSignal()
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter registry: gets the pipeline's own metrics.
    public init(
        exporters: [any SpanExporter], limits: SpanPipelineLimits = .init(), registry: MetricRegistry, logger: Logger,
        clock: any MechaClock = SystemClock()
    ) {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        wakeUps = stream
        wakeUp = continuation
        queue = SpanQueue(maximumSpans: limits.maximumQueuedSpans, batchSpans: limits.maximumBatchSpans) {
            continuation.yield()
        }
        self.exporters = exporters
        self.limits = limits
        self.clock = clock
        self.logger = logger
        metrics = SpanPipelineMetrics(registry, queue: queue)
    }

    /// Begins to export, in a task on that loop.
    public func start(on context: LoopContext) {
        context.loop.execute { [self] in
            let running = context.run { await self.run() }
            task.withLock { $0 = running }
        }
    }

    /// Makes one last attempt for what is queued and ends, after `limit` in any case.
    public func shutdown(within limit: Duration) async {
        stop()
        guard let running = task.withLock({ $0 }) else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await running.value }
            group.addTask { try? await self.clock.sleep(for: limit) }
            await group.next()
            running.cancel()
            group.cancelAll()
        }
    }

    /// Exports until ``stop()`` was called and what was queued then has had its chance, or until the task is
    /// cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.tick() }
            for await _ in wakeUps { await exportQueued() }
            group.cancelAll()
        }
        await exportQueued()
    }

    func stop() {
        stopping.fire()
        wakeUp.finish()
    }

    private func tick() async {
        while !Task.isCancelled {
            guard (try? await clock.sleep(for: limits.batchInterval)) != nil else { return }
            wakeUp.yield()
        }
    }

    private func exportQueued() async {
        while !Task.isCancelled {
            let batch = queue.take(limits.maximumBatchSpans)
            if batch.isEmpty { return }
            await withTaskGroup(of: Void.self) { group in
                for exporter in exporters {
                    group.addTask { await self.export(batch, to: exporter) }
                }
            }
        }
    }

    private func export(_ batch: [TraceSpan], to exporter: any SpanExporter) async {
        for attempt in 1... {
            do {
                try await exporter.export(batch)
                metrics.exported(batch.count, by: exporter.name)
                return
            } catch {
                let isLast =
                    !error.isTransient || attempt >= limits.maximumAttempts || Task.isCancelled
                    || stopping.isFired
                if isLast {
                    metrics.failed(batch.count, by: exporter.name)
                    logger.warning(
                        "dropped \(batch.count) spans after \(attempt) attempts: \(error)",
                        metadata: ["exporter": "\(exporter.name)"])
                    return
                }
                await wait(limits.backoff(after: attempt, error))
            }
        }
    }

    /// A stop ends the wait, so that a destination that is down does not hold up a shutdown.
    private func wait(_ duration: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await self.clock.sleep(for: duration) }
            group.addTask { await self.stopping.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}
