import Testing

@testable import MechaResiliency

@Suite struct LRUCacheTests {
    @Test func `what was used longest ago goes first`() {
        var cache = LRUCache<String, Int>(capacity: 3)
        var made = 0
        func use(_ key: String) -> Int {
            cache.value(for: key) {
                made += 1
                return made
            }
        }
        let first = ["a", "b", "c", "a", "b"].map { use($0) }
        #expect(first == [1, 2, 3, 1, 2])
        #expect(cache.keys == ["b", "a", "c"])
        let fourth = use("d")
        #expect(fourth == 4)
        #expect(cache.keys == ["d", "b", "a"])
        let last = ["a", "c"].map { use($0) }
        #expect(last == [1, 5] && cache.count == 3)
        #expect(cache.keys == ["c", "a", "d"])
        var single = LRUCache<Int, Int>(capacity: 0)
        for key in 0..<5 { _ = single.value(for: key) { key } }
        #expect(single.keys == [4])
    }

    @Test func `it agrees with a plain list whatever comes`() {
        var cache = LRUCache<Int, Int>(capacity: 5)
        var list: [Int] = []
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            let key = Int.random(in: 0..<9, using: &generator)
            var isMade = false
            let value = cache.value(for: key) {
                isMade = true
                return key * 10
            }
            #expect(value == key * 10 && isMade == !list.contains(key))
            list.removeAll { $0 == key }
            list.insert(key, at: 0)
            if list.count > 5 { list.removeLast() }
            #expect(cache.keys == list && cache.count == list.count)
        }
    }
}
