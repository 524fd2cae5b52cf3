import MechaCore
import Synchronization
import Testing

@testable import MechaFunctions

@Suite struct TrafficTests {
    private func shares(_ split: TrafficSplit, calls: Int) -> [Int: Int] {
        let counter = Atomic<UInt64>(0)
        var counts: [Int: Int] = [:]
        for _ in 0..<calls { counts[split.revision(at: TrafficPoint.next(counter)), default: 0] += 1 }
        return counts
    }

    @Test func `ten thousand calls stray by a few from their weights`() throws {
        let counts = shares(try #require(TrafficSplit([3: 90, 4: 10])), calls: 10_000)
        #expect(abs((counts[3] ?? 0) - 9_000) <= 5 && abs((counts[4] ?? 0) - 1_000) <= 5)
        let three = shares(try #require(TrafficSplit([1: 1, 2: 1, 9: 1])), calls: 3_000)
        #expect(three.values.allSatisfy { abs($0 - 1_000) <= 5 })
    }

    @Test func `sticky callers are spread by weight and move only at the border`() throws {
        let before = try #require(TrafficSplit([1: 90, 2: 10]))
        let after = try #require(TrafficSplit([1: 80, 2: 20]))
        var counts = (second: 0, moved: 0, movedBack: 0)
        for caller in 0..<10_000 {
            let point = TrafficPoint.of("user-\(caller)")
            let (old, new) = (before.revision(at: point), after.revision(at: point))
            if old == 2 { counts.second += 1 }
            if old == 1, new == 2 { counts.moved += 1 }
            if old == 2, new == 1 { counts.movedBack += 1 }
        }
        #expect((850...1_150).contains(counts.second) && (850...1_150).contains(counts.moved) && counts.movedBack == 0)
        #expect(before.revision(at: TrafficPoint.of("a")) == before.revision(at: TrafficPoint.of("a")))
    }

    @Test func `the ends of the points belong to the first and the last revision`() throws {
        let split = try #require(TrafficSplit([7: 1, 5: 1]))
        #expect(split.revision(at: 0) == 5 && split.revision(at: .max) == 7)
        #expect(split.revision(at: .max / 2) == 5 && split.revision(at: .max / 2 + 1) == 7)
        #expect(TrafficSplit([2: 0, 3: 4])?.revisions == [3])
    }

    @Test(arguments: [[:], [1: 0], [1: -1, 2: 5], [1: TrafficSplit.weightAtMost + 1]])
    func `weights that give nobody a part are none`(weights: [Int: Int]) { #expect(TrafficSplit(weights) == nil) }

    @Test func `a new revision takes its part and the others share the rest as before`() throws {
        #expect(TrafficSplit(1).giving(2, percent: 10).description == "1=9 2=1")
        let three = try #require(TrafficSplit([1: 60, 2: 20])).giving(3, percent: 20)
        #expect(three.description == "1=3 2=1 3=1")
        #expect(TrafficSplit(1).giving(2, percent: 100).description == "2=100")
        #expect(TrafficSplit(1).giving(2, percent: 0).description == "1=1")
        #expect(TrafficSplit(1, stickiness: .cookie("c")).giving(2, percent: 50).stickiness == .cookie("c"))
    }

    @Test func `an alias goes back step by step, past what is gone`() throws {
        var alias = AliasState(TrafficSplit(1))
        alias.set(TrafficSplit(2))
        alias.set(TrafficSplit(2))
        #expect(alias.history.count == 1)
        alias.set(TrafficSplit(1).giving(3, percent: 10))
        let json = alias.json
        #expect(AliasState(json) == alias)
        let isBack = alias.rollback(usable: [1, 3])
        #expect(isBack && alias.split == TrafficSplit(1))
        let isBackAgain = alias.rollback(usable: [1, 2, 3])
        #expect(!isBackAgain)
        for number in 1...100 { alias.set(TrafficSplit(number)) }
        #expect(alias.history.count == AliasState.historyAtMost)
    }

    @Test func `a trace of a function's life`() throws {
        var state = FunctionState(origin: .deployed)
        _ = try state.deploy(alias: "prod", percent: 10)
        #expect(state.aliases["prod"]?.split == TrafficSplit(1))
        _ = try state.deploy(alias: "prod", percent: 10)
        #expect(state.aliases["prod"]?.split.description == "1=9 2=1")
        let last = try state.deploy(alias: nil, percent: 100)
        #expect(last == 3)
        #expect(state.routed == [1, 2])
        try state.rollback("prod", usable: [1, 2, 3])
        #expect(state.routed == [1])
        var other = state
        #expect(throws: FunctionBaseError.self) { try other.rollback("prod", usable: [1, 2, 3]) }
        #expect(throws: FunctionBaseError.self) { try other.rollback("dev", usable: [1]) }
        try state.set("dev", TrafficSplit(3))
        state.triggers = [FunctionTrigger(.binding(name: "b"), alias: "dev")]
        other = state
        #expect(throws: FunctionBaseError.self) { try other.remove("dev") }
        state.triggers = []
        try state.remove("dev")
        #expect(FunctionState(state.json) == state)
    }

    @Test func `revisions go that are old, get no traffic, and would get none after a rollback`() throws {
        var state = FunctionState(origin: .deployed)
        for _ in 1...20 { _ = try state.deploy(alias: "prod", percent: 100) }
        try state.set("old", TrafficSplit(2))
        try state.set("prod", TrafficSplit(4))
        try state.set("prod", TrafficSplit(20))
        #expect(state.collectable(Set(1...20)) == Set([1, 3] + Array(5...10)))
    }

    @Test func `the trigger that fits best takes a request`() {
        let table = HTTPTriggerTable([
            (
                "a",
                [.init(.http(path: "/shop", host: nil, methods: []), alias: "x"), .init(.http(path: "/", host: "h.example", methods: []))]
            ),
            ("b", [.init(.http(path: "/shop/cart/", host: nil, methods: ["POST"]))]),
            ("c", [.init(.http(path: "/shop/cart", host: nil, methods: [])), .init(.cron(schedule: "@daily", timeZone: nil, route: "/"))]),
        ])
        func match(_ host: String?, _ path: String, _ method: String = "GET") -> String? {
            table.match(host: host, path: path[...], method: method)?.function
        }
        #expect(match(nil, "/shop") == "a" && match(nil, "/shop/x") == "a" && match(nil, "/shops") == nil)
        #expect(match(nil, "/shop/cart", "POST") == "b" && match("o.example:80", "/shop/cart/1") == "c")
        #expect(match("H.example:8080", "/shop/cart") == "a" && match("h.example", "/") == "a")
        #expect(match(nil, "/") == nil)
        #expect(table.match(host: nil, path: "/shop", method: "GET")?.alias == "x")
    }
}
