import Synchronization

/// A fixed number of places, each filled once on first use and read from then on without a lock: how
/// handles of known routes and status codes are found in a few nanoseconds.
final class LazySlots<Value: AnyObject & Sendable>: @unchecked Sendable {
    /// Only the atomics are ever read or written through it.
    private let places: UnsafeMutablePointer<AtomicLazyReference<Value>>
    private let count: Int

    init(count: Int) {
        self.count = count
        places = .allocate(capacity: count)
        for index in 0..<count { (places + index).initialize(to: AtomicLazyReference()) }
    }

    deinit {
        places.deinitialize(count: count)
        places.deallocate()
    }

    /// The value at `index`, which must be below the count; two first users may both run `make`, and one result stays.
    @inline(__always)
    func value(at index: Int, orMake make: () -> Value) -> Value {
        precondition(index >= 0 && index < count)
        return places[index].load() ?? places[index].storeIfNil(make())
    }
}
