import MechaCore

/// Begins and ends the spans of one app's runtime.
///
/// Off, it passes on what came in. On without an exporter, or for traces that are not sampled, it makes no
/// spans and only sees to it that every request has a trace context.
public final class Tracer: Sendable {
    private let sampler: TraceSampler
    private let ids: TraceIDGenerator
    private let queue: SpanQueue?
    private let clock: any MechaClock
    private let beginsTraces: Bool

    /// - Parameters:
    ///   - queue: where ended spans go; nil when nothing exports them.
    ///   - beginsTraces: whether requests without a context get one.
    public init(
        sampler: TraceSampler, queue: SpanQueue?, beginsTraces: Bool = true, ids: TraceIDGenerator = TraceIDGenerator(),
        clock: any MechaClock = SystemClock()
    ) {
        self.sampler = sampler
        self.queue = queue
        self.beginsTraces = beginsTraces
        self.ids = ids
        self.clock = clock
    }

    /// A tracer that passes contexts on and does nothing else.
    public static let off = Tracer(sampler: TraceSampler(rate: 0), queue: nil, beginsTraces: false)

    /// Decides about a request that came with `parent`, and begins a span when its trace is recorded.
    public func begin(_ kind: TraceSpan.Kind, parent: TraceContext?) -> TraceScope {
        if let parent {
            guard queue != nil, sampler.shouldSample(parent.traceID, parent: parent) else {
                return TraceScope(context: parent, isPassedThrough: true, span: nil)
            }
            var context = parent
            context.spanID = ids.spanID()
            return record(kind, context, parent: parent.spanID)
        }
        guard beginsTraces else { return TraceScope(context: nil, isPassedThrough: true, span: nil) }
        let traceID = ids.traceID()
        let isSampled = sampler.shouldSample(traceID, parent: nil)
        let context = TraceContext(traceID: traceID, spanID: ids.spanID(), isSampled: isSampled, hasRandomTraceID: true)
        guard isSampled, queue != nil else { return TraceScope(context: context, isPassedThrough: false, span: nil) }
        return record(kind, context, parent: nil)
    }

    private func record(_ kind: TraceSpan.Kind, _ context: TraceContext, parent: SpanID?) -> TraceScope {
        let span = TraceSpan(
            context: context, parentSpanID: parent, kind: kind, startNanoseconds: clock.now().nanosecondsSinceEpoch)
        return TraceScope(context: context, isPassedThrough: false, span: span)
    }

    /// Hands a described span over; its end is now unless it has one.
    public func end(_ span: consuming TraceSpan) {
        if span.endNanoseconds == 0 { span.endNanoseconds = clock.now().nanosecondsSinceEpoch }
        queue?.append(span)
    }
}
