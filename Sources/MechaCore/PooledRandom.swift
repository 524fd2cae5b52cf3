import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
import sys.random
#endif

/// The system's random numbers, fetched by the block: fetching each alone enters the kernel each time. As good as they
/// come; a number that was given out is not kept.
package struct PooledRandom: RandomNumberGenerator {
    /// What the kernel gives at a time (getentropy(3)).
    private static let blockBytes = 256

    private struct Pool {
        var words = [UInt64](repeating: 0, count: PooledRandom.blockBytes / 8)
        var left = 0

        mutating func next() -> UInt64 {
            if left == 0 { fill() }
            left -= 1
            defer { words[left] = 0 }
            return words[left]
        }

        private mutating func fill() {
            left = words.count
            let isFilled = words.withUnsafeMutableBytes { bytes in bytes.baseAddress.map { getentropy($0, bytes.count) == 0 } ?? false }
            guard !isFilled else { return }
            var generator = SystemRandomNumberGenerator()
            for index in words.indices { words[index] = generator.next() }
        }
    }

    private static let pool = Mutex(Pool())

    package init() {}

    package mutating func next() -> UInt64 { Self.pool.withLock { $0.next() } }
}
