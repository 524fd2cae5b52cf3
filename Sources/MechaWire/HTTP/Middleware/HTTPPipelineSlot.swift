import Synchronization

/// The pipeline in force at one place, which a reload replaces. Where there is none, asking costs one load.
public final class HTTPPipelineSlot: Sendable {
    private let hasPipeline = Atomic(false)
    private let pipeline = Mutex<HTTPPipeline?>(nil)

    public init() {}

    /// Whether requests have to stop here.
    package var isFilled: Bool { hasPipeline.load(ordering: .acquiring) }

    /// Nil when requests need not stop here.
    public var current: HTTPPipeline? {
        guard isFilled else { return nil }
        return pipeline.withLock { $0 }
    }

    /// Nil, or a pipeline without steps, lets everything through.
    public func replace(_ next: HTTPPipeline?) {
        let next = next?.steps.isEmpty == true ? nil : next
        pipeline.withLock { $0 = next }
        hasPipeline.store(next != nil, ordering: .releasing)
    }
}
