/// Declared functions that cannot be run, and when each of them is tried again although no file changed: what a function
/// needs (memory, a registry, a component, a peer) may come without one.
struct DeclaredFunctionProblems {
    /// Between two attempts, at first and at most; it doubles.
    static let firstPauseSeconds = 2
    static let lastPauseSeconds = 60

    private struct Problem {
        var text: String
        var pauseSeconds: Int
        var retrySeconds: Int
    }

    private var problems: [String: Problem] = [:]

    var isEmpty: Bool { problems.isEmpty }

    /// Takes in what came of an attempt.
    ///
    /// - Parameters:
    ///   - found: what is wrong now, by function.
    ///   - tried: the functions that were tried again; nil after all were, because a file changed.
    ///   - now: in seconds, of a clock that never runs backwards.
    /// - Returns: what has not been told yet, in order.
    mutating func tried(_ tried: Set<String>?, found: [String: String], at now: Int) -> [String] {
        let before = problems
        for name in tried ?? Set(problems.keys) { problems[name] = nil }
        for (name, text) in found {
            let earlier = before[name]
            let isSame = tried != nil && earlier?.text == text
            let pause = isSame ? min((earlier?.pauseSeconds ?? 0) * 2, Self.lastPauseSeconds) : Self.firstPauseSeconds
            problems[name] = Problem(text: text, pauseSeconds: pause, retrySeconds: now + pause)
        }
        return found.filter { before[$0.key]?.text != $0.value || tried == nil }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Functions whose time for another attempt has come.
    func due(at now: Int) -> Set<String> { Set(problems.filter { $0.value.retrySeconds <= now }.keys) }
}
