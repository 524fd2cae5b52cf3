import Synchronization

/// Ended spans on their way to an exporter: bounded, fed from every event loop, emptied by one consumer.
///
/// A full queue drops new spans and counts them; a request never waits for an exporter.
public final class SpanQueue: Sendable {
    public static let defaultMaximumSpans = 2_048

    private let maximumSpans: Int
    private let batchSpans: Int
    private let spans = Mutex<[TraceSpan]>([])
    private let dropped = Atomic<UInt64>(0)
    private let whenBatchReady: @Sendable () -> Void

    /// - Parameters:
    ///   - maximumSpans: spans that wait at most.
    ///   - batchSpans: when that many wait, `whenBatchReady` is called (on whatever thread ended the span).
    public init(
        maximumSpans: Int = defaultMaximumSpans, batchSpans: Int = .max, whenBatchReady: @escaping @Sendable () -> Void = {}
    ) {
        self.maximumSpans = maximumSpans
        self.batchSpans = batchSpans
        self.whenBatchReady = whenBatchReady
    }

    public func append(_ span: TraceSpan) {
        let count = spans.withLock { spans in
            guard spans.count < maximumSpans else { return -1 }
            spans.append(span)
            return spans.count
        }
        if count < 0 { dropped.wrappingAdd(1, ordering: .relaxed) }
        if count == batchSpans { whenBatchReady() }
    }

    /// Takes the oldest spans out, at most `maximum`.
    public func take(_ maximum: Int) -> [TraceSpan] {
        spans.withLock { spans in
            let taken = Array(spans.prefix(maximum))
            spans.removeFirst(taken.count)
            return taken
        }
    }

    /// How many spans wait.
    public var count: Int { spans.withLock { $0.count } }

    /// How many spans the queue had no room for.
    public var droppedSpans: UInt64 { dropped.load(ordering: .relaxed) }
}
