/// The system's source of random bytes.
enum SystemRandomness {
    static func fill(_ target: UnsafeMutableRawBufferPointer) {
        var generator = SystemRandomNumberGenerator()
        var offset = 0
        while offset + 8 <= target.count {
            target.storeBytes(of: generator.next(), toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        while offset < target.count {
            target[offset] = generator.next()
            offset += 1
        }
    }
}
