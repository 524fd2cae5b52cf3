import Testing

@testable import MechaRuntime

@Suite struct DeclaredFunctionProblemsTests {
    @Test func `what fails is tried again, ever more rarely, and told once`() {
        var problems = DeclaredFunctionProblems()
        #expect(problems.tried(nil, found: ["b": "no", "a": "broken"], at: 100) == ["broken", "no"])
        #expect(problems.due(at: 101).isEmpty && problems.due(at: 102) == ["a", "b"])
        // One of them is mended.
        #expect(problems.tried(["a", "b"], found: ["b": "no"], at: 102) == [])
        #expect(problems.due(at: 105).isEmpty && problems.due(at: 106) == ["b"])
        // Another reason is told, and begins anew.
        #expect(problems.tried(["b"], found: ["b": "still not"], at: 106) == ["still not"])
        #expect(problems.due(at: 108) == ["b"])
        var (now, pauses) = (108, [Int]())
        for _ in 0..<7 {
            _ = problems.tried(["b"], found: ["b": "still not"], at: now)
            let begun = now
            while problems.due(at: now).isEmpty { now += 1 }
            pauses.append(now - begun)
        }
        #expect(pauses == [4, 8, 16, 32, 60, 60, 60])
        // A file has changed: all are told again.
        #expect(problems.tried(nil, found: ["b": "still not"], at: now) == ["still not"])
        #expect(problems.tried(nil, found: [:], at: now) == [] && problems.isEmpty)
    }
}
