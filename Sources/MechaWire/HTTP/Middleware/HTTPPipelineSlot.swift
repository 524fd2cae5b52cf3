import Synchronization

/// The pipeline in force at one place, which a reload replaces. Where there is none, asking costs one load.
public final class HTTPPipelineSlot: Sendable {
    private let isFilled = Atomic(false)
    private let pipeline = Mutex<HTTPPipeline?>(nil)

    public init() {}

    /// Nil when requests need not stop here.
    public var current: HTTPPipeline? {
        guard isFilled.load(ordering: .acquiring) else { return nil }
        return pipeline.withLock { $0 }
    }

    /// Nil, or a pipeline without steps, lets everything through.
    public func replace(_ next: HTTPPipeline?) {
        let next = next?.steps.isEmpty == true ? nil : next
        pipeline.withLock { $0 = next }
        isFilled.store(next != nil, ordering: .releasing)
    }
}
