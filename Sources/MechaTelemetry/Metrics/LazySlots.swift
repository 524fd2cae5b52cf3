import Synchronization

/// A fixed number of places, each filled once on first use and read from then on without a lock: how
/// handles of known routes and status codes are found in a few nanoseconds.
///
/// The standard library's `AtomicLazyReference` does the same but is not specialized across modules, which
/// makes a load cost as much as a whole recording; so the references stand as plain words here.
final class LazySlots<Value: AnyObject & Sendable>: @unchecked Sendable {
    /// Zero, or a retained reference that stays until `deinit`. Only the atomics are read or written through it.
    private let places: UnsafeMutablePointer<Atomic<UInt>>
    private let count: Int

    init(count: Int) {
        self.count = count
        places = .allocate(capacity: count)
        for index in 0..<count { (places + index).initialize(to: Atomic(0)) }
    }

    deinit {
        for index in 0..<count { Self.reference(places[index].load(ordering: .acquiring))?.release() }
        places.deinitialize(count: count)
        places.deallocate()
    }

    /// The value at `index`, which must be below the count; two first users may both run `make`, and one result stays.
    @inline(__always)
    func value(at index: Int, orMake make: () -> Value) -> Value {
        precondition(index >= 0 && index < count)
        if let known = Self.reference(places[index].load(ordering: .acquiring)) { return known.takeUnretainedValue() }
        return fill(index, with: make())
    }

    private func fill(_ index: Int, with value: Value) -> Value {
        let made = Unmanaged.passRetained(value)
        let word = UInt(bitPattern: made.toOpaque())
        let (isFirst, current) = places[index].compareExchange(
            expected: 0, desired: word, ordering: .acquiringAndReleasing)
        guard !isFirst, let winner = Self.reference(current) else { return value }
        made.release()
        return winner.takeUnretainedValue()
    }

    @inline(__always)
    private static func reference(_ word: UInt) -> Unmanaged<Value>? {
        UnsafeRawPointer(bitPattern: word).map { Unmanaged.fromOpaque($0) }
    }
}
