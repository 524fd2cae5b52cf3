import NIOCore
import Synchronization

/// What the proxy-wasm instances of one function share: values under keys, queues, metrics. Bounded, since nothing
/// is ever forgotten.
final class SharedData: Sendable {
    /// Keys and values together.
    static let bytesAtMost = 16 << 20
    static let queuesAtMost = 64
    static let queueItemsAtMost = 10_000
    static let metricsAtMost = 1_000

    static let metricNameBytesAtMost = 200

    typealias MetricKind = GuestMetric.Kind

    private struct State {
        var values: [String: (value: ByteBuffer, version: UInt32)] = [:]
        var valueBytes = 0
        var lastVersion: UInt32 = 0
        var queueNames: [String: UInt32] = [:]
        var queues: [UInt32: [ByteBuffer]] = [:]
        var metricNames: [String: UInt32] = [:]
        var metrics: [UInt32: GuestMetric] = [:]
    }

    private let state = Mutex(State())

    // MARK: - Values

    func value(_ key: String) -> (value: ByteBuffer, version: UInt32)? { state.withLock { $0.values[key] } }

    /// - Parameter version: the one that the caller has seen; 0 replaces whatever is there.
    func set(_ key: String, _ value: ByteBuffer, version: UInt32) -> ProxyWasmStatus {
        state.withLock { state in
            let old = state.values[key]
            if version != 0, old?.version != version { return .casMismatch }
            let bytes = state.valueBytes + value.readableBytes - (old?.value.readableBytes ?? -key.utf8.count)
            guard bytes <= Self.bytesAtMost else { return .internalFailure }
            state.valueBytes = bytes
            state.lastVersion &+= 1
            if state.lastVersion == 0 { state.lastVersion = 1 }
            state.values[key] = (value, state.lastVersion)
            return .ok
        }
    }

    // MARK: - Queues

    func registerQueue(_ name: String) -> UInt32? {
        state.withLock { state in
            if let id = state.queueNames[name] { return id }
            guard state.queueNames.count < Self.queuesAtMost else { return nil }
            let id = UInt32(state.queueNames.count + 1)
            state.queueNames[name] = id
            state.queues[id] = []
            return id
        }
    }

    func queue(_ name: String) -> UInt32? { state.withLock { $0.queueNames[name] } }

    func enqueue(_ item: ByteBuffer, to queue: UInt32) -> ProxyWasmStatus {
        state.withLock { state in
            guard let count = state.queues[queue]?.count else { return .notFound }
            guard count < Self.queueItemsAtMost, state.valueBytes + item.readableBytes <= Self.bytesAtMost else { return .internalFailure }
            state.valueBytes += item.readableBytes
            state.queues[queue, default: []].append(item)
            return .ok
        }
    }

    func dequeue(_ queue: UInt32) -> Result<ByteBuffer, Missing> {
        state.withLock { state in
            guard let items = state.queues[queue] else { return .failure(.queue) }
            guard !items.isEmpty else { return .failure(.item) }
            let item = state.queues[queue, default: []].removeFirst()
            state.valueBytes -= item.readableBytes
            return .success(item)
        }
    }

    enum Missing: Error { case queue, item }

    // MARK: - Metrics

    func defineMetric(_ kind: MetricKind, _ name: String) -> UInt32? {
        state.withLock { state in
            if let id = state.metricNames[name] { return id }
            guard state.metrics.count < Self.metricsAtMost, !name.isEmpty, name.utf8.count <= Self.metricNameBytesAtMost else { return nil }
            let id = UInt32(state.metrics.count + 1)
            state.metricNames[name] = id
            state.metrics[id] = GuestMetric(kind, name, value: 0)
            return id
        }
    }

    /// Adds to a counter or gauge; a counter never falls.
    func increment(_ metric: UInt32, by offset: Int64) -> ProxyWasmStatus {
        state.withLock { state in
            guard let kind = state.metrics[metric]?.kind else { return .notFound }
            guard kind == .gauge || kind == .counter && offset >= 0 else { return .badArgument }
            state.metrics[metric]?.value &+= UInt64(bitPattern: offset)
            return .ok
        }
    }

    /// Sets a gauge, adds to a counter, and is one more value of a histogram.
    func record(_ metric: UInt32, _ value: UInt64) -> ProxyWasmStatus {
        state.withLock { state in
            guard let kind = state.metrics[metric]?.kind else { return .notFound }
            switch kind {
            case .counter: state.metrics[metric]?.value &+= value
            case .gauge: state.metrics[metric]?.value = value
            case .histogram:
                state.metrics[metric]?.value &+= value
                state.metrics[metric]?.count &+= 1
            }
            return .ok
        }
    }

    /// In the order in which they were defined.
    var metricValues: [GuestMetric] { state.withLock { $0.metrics.sorted { $0.key < $1.key }.map(\.value) } }

    func metric(_ metric: UInt32) -> UInt64? { state.withLock { $0.metrics[metric]?.value } }
}
