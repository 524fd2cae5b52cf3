#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A bounded queue between many callers and one thread that sleeps while it is empty.
///
/// The elements are guarded by the mutex, which makes the class safe to share.
final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
    enum Admission { case accepted, full, closed }

    private let capacity: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var elements: [Element] = []
    private var isClosed = false
    private var isWaiting = false

    init(capacity: Int) {
        self.capacity = capacity
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(arrival, nil)
    }

    deinit {
        pthread_cond_destroy(arrival)
        pthread_mutex_destroy(mutex)
        arrival.deallocate()
        mutex.deallocate()
    }

    var count: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return elements.count
    }

    /// Never blocks.
    func push(_ element: Element) -> Admission {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed else { return .closed }
        guard elements.count < capacity else { return .full }
        elements.append(element)
        // A thread that is at work looks by itself before it sleeps.
        if isWaiting { pthread_cond_signal(arrival) }
        return .accepted
    }

    /// Takes what is there, in order and at most `limit`; sleeps while there is nothing. Nil when the
    /// queue is closed and empty.
    func take(limit: Int) -> [Element]? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while elements.isEmpty {
            if isClosed { return nil }
            isWaiting = true
            pthread_cond_wait(arrival, mutex)
            isWaiting = false
        }
        if elements.count <= limit {
            defer { elements = [] }
            return elements
        }
        defer { elements.removeFirst(limit) }
        return Array(elements[..<limit])
    }

    /// Lets nothing more in; what waits is still taken.
    func close() {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        isClosed = true
        pthread_cond_signal(arrival)
    }
}
