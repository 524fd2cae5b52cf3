import MechaCore
import MechaTelemetry
import Synchronization
import Testing

@Suite struct TracerTests {
    private let sampledParent = TraceContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), isSampled: true)
    private let unsampledParent = TraceContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), isSampled: false)

    private func tracer(rate: Double, queue: SpanQueue?) -> Tracer {
        Tracer(sampler: TraceSampler(rate: rate), queue: queue, ids: TraceIDGenerator(seed: 7, key: 9))
    }

    @Test(arguments: [0, 0.01, 0.25, 0.5, 1])
    func `the sampler takes its share of new traces`(rate: Double) {
        let ids = TraceIDGenerator(seed: 1, key: 2)
        let sampler = TraceSampler(rate: rate)
        let taken = (0..<20_000).count { _ in sampler.shouldSample(ids.traceID(), parent: nil) }
        #expect(abs(Double(taken) / 20_000 - rate) < 0.012)
        if rate == 0 { #expect(taken == 0) }
        if rate == 1 { #expect(taken == 20_000) }
    }

    @Test func `the parent's decision is followed`() {
        #expect(TraceSampler(rate: 0).shouldSample(sampledParent.traceID, parent: sampledParent))
        #expect(!TraceSampler(rate: 1).shouldSample(unsampledParent.traceID, parent: unsampledParent))
    }

    @Test(arguments: [("0", 0), ("1", 1), ("0.25", 0.25), ("1.0", 1), ("", TraceSampler.defaultRate)])
    func `samplingRate is a number as text`(text: String, rate: Double) {
        #expect(TraceSampler(samplingRate: text)?.rate == rate)
    }

    @Test(arguments: ["1.5", "-0.1", "often", "nan", " 1"])
    func `a samplingRate that is no share is refused`(text: String) {
        #expect(TraceSampler(samplingRate: text) == nil)
    }

    @Test func `a span under a sampled parent belongs to its trace`() throws {
        let queue = SpanQueue()
        let tracer = tracer(rate: 0, queue: queue)
        var scope = tracer.begin(.server, parent: sampledParent)
        scope.span?.name = "/v1.0/state/s"
        let context = try #require(scope.context)
        #expect(context.traceID == sampledParent.traceID)
        #expect(context.spanID != sampledParent.spanID)
        #expect(context.isSampled && !scope.isPassedThrough)
        tracer.end(try #require(scope.span))
        let span = try #require(queue.take(10).first)
        #expect(span.parentSpanID == sampledParent.spanID)
        #expect(span.context == context)
        #expect(span.name == "/v1.0/state/s")
        #expect(span.endNanoseconds >= span.startNanoseconds && span.startNanoseconds > 0)
    }

    @Test func `an unsampled parent is passed on as it is`() {
        let scope = tracer(rate: 1, queue: SpanQueue()).begin(.server, parent: unsampledParent)
        #expect(scope.context == unsampledParent)
        #expect(scope.isPassedThrough && scope.span == nil)
    }

    @Test func `a new trace that is not sampled still has a context`() throws {
        let scope = tracer(rate: 0, queue: SpanQueue()).begin(.server, parent: nil)
        let context = try #require(scope.context)
        #expect(context.traceID.isValid && context.spanID.isValid && !context.isSampled)
        #expect(!scope.isPassedThrough && scope.span == nil)
    }

    @Test func `without an exporter there are contexts and no spans`() {
        let scope = tracer(rate: 1, queue: nil).begin(.server, parent: nil)
        #expect(scope.context?.isSampled == true && scope.span == nil)
    }

    @Test func `off means that only what came in goes out`() {
        #expect(Tracer.off.begin(.server, parent: nil).context == nil)
        #expect(Tracer.off.begin(.server, parent: sampledParent).context == sampledParent)
    }

    @Test func `ids do not repeat`() {
        let ids = TraceIDGenerator()
        var seen: Set<SpanID> = []
        for _ in 0..<100_000 { seen.insert(ids.spanID()) }
        #expect(seen.count == 100_000)
    }

    @Test func `a full queue drops and counts`() {
        let ready = Atomic(0)
        let queue = SpanQueue(maximumSpans: 10, batchSpans: 4) { ready.wrappingAdd(1, ordering: .relaxed) }
        let span = TraceSpan(context: sampledParent, parentSpanID: nil, kind: .server, startNanoseconds: 1)
        for _ in 0..<15 { queue.append(span) }
        #expect(queue.count == 10)
        #expect(queue.droppedSpans == 5)
        #expect(ready.load(ordering: .relaxed) == 1)
        #expect(queue.take(7).count == 7)
        #expect(queue.take(7).count == 3)
        #expect(queue.take(7).isEmpty)
    }

    @Test func `spans from many tasks all arrive`() async {
        let queue = SpanQueue(maximumSpans: 4_000)
        let span = TraceSpan(context: sampledParent, parentSpanID: nil, kind: .server, startNanoseconds: 1)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { @concurrent in
                    for _ in 0..<600 { queue.append(span) }
                }
            }
        }
        #expect(queue.count == 4_000)
        #expect(queue.droppedSpans == 800)
    }

    @Test func `spans are described by the conventions`() {
        var span = TraceSpan(context: sampledParent, parentSpanID: nil, kind: .server, startNanoseconds: 1)
        span.describeHTTPServer(
            method: "GET", route: "/v1.0/state/{storeName}/{key}", path: "/v1.0/state/s/k", status: 500, userAgent: "curl")
        #expect(span.attributes.contains(SpanAttribute("http.request.method", "GET")))
        #expect(span.attributes.contains(SpanAttribute("http.response.status_code", 500)))
        #expect(span.attributes.contains(SpanAttribute("dapr.protocol", "http")))
        #expect(span.status == .error("HTTP 500"))
        var call = TraceSpan(context: sampledParent, parentSpanID: nil, kind: .client, startNanoseconds: 1)
        call.describeGRPC(method: "/dapr.proto.runtime.v1.Dapr/GetState", status: 5)
        #expect(call.attributes.contains(SpanAttribute("rpc.service", "dapr.proto.runtime.v1.Dapr")))
        #expect(call.attributes.contains(SpanAttribute("rpc.method", "GetState")))
        #expect(call.status == .error("NotFound"))
    }
}
