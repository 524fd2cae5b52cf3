import MechaCore

/// How a revision is given the calls of an alias, step by step.
public struct ReleasePlan: Sendable, Hashable {
    /// Parts of the calls, in percent, one after the other; the last is 100.
    public var steps: [Int]
    /// How long each step lasts at least, in milliseconds.
    public var waitMilliseconds: Int
    /// Failed calls of a step, of all; in thousandths of a percent. Nil for any.
    public var errorsPer100000AtMost: Int?
    /// What 99 of 100 calls of a step stay below, in milliseconds. Nil for any.
    public var p99MillisecondsAtMost: Int?
    /// A step with fewer calls of the revision is not judged, and lasts until there are as many.
    public var callsAtLeast: Int

    public static let stepsAtMost = 50
    public static let waitMillisecondsAtMost = 7 * 24 * 3_600_000

    /// Throws for steps that do not rise from above 0 to 100, and for other numbers that make no sense.
    public init(
        steps: [Int], waitMilliseconds: Int = 30_000, errorsPer100000AtMost: Int? = nil, p99MillisecondsAtMost: Int? = nil,
        callsAtLeast: Int = 20
    ) throws(FunctionBaseError) {
        func wrong(_ problem: String) -> FunctionBaseError { FunctionBaseError(.invalid, "the release cannot be: \(problem)") }
        guard let last = steps.last, steps.count <= Self.stepsAtMost, zip(steps, steps.dropFirst()).allSatisfy({ $0 < $1 }),
            steps[0] > 0, last <= 100
        else { throw wrong("its steps are \(steps); expected up to \(Self.stepsAtMost) percentages that rise, such as 5, 25, 50, 100") }
        guard (0...Self.waitMillisecondsAtMost).contains(waitMilliseconds) else { throw wrong("its wait is not between 0 and a week") }
        if let errors = errorsPer100000AtMost, !(0...100_000).contains(errors) { throw wrong("its error rate is not between 0 and 100 %") }
        if let latency = p99MillisecondsAtMost, latency < 1 { throw wrong("its latency is below a millisecond") }
        guard (0...1_000_000_000).contains(callsAtLeast) else { throw wrong("its least number of calls makes no sense") }
        self.steps = last == 100 ? steps : steps + [100]
        self.waitMilliseconds = waitMilliseconds
        self.errorsPer100000AtMost = errorsPer100000AtMost
        self.p99MillisecondsAtMost = p99MillisecondsAtMost
        self.callsAtLeast = callsAtLeast
    }

    public var json: JSON {
        .object(
            [
                JSON.Member("steps", .array(steps.map { .integer($0) })), .init("waitMilliseconds", .integer(waitMilliseconds)),
                errorsPer100000AtMost.map { .init("errorsPer100000AtMost", .integer($0)) },
                p99MillisecondsAtMost.map { .init("p99MillisecondsAtMost", .integer($0)) },
                .init("callsAtLeast", .integer(callsAtLeast)),
            ].compactMap { $0 })
    }

    public init(_ json: JSON) throws(FunctionBaseError) {
        try self.init(
            steps: (json["steps"]?.arrayValue ?? []).compactMap(\.intValue), waitMilliseconds: json["waitMilliseconds"]?.intValue ?? 30_000,
            errorsPer100000AtMost: json["errorsPer100000AtMost"]?.intValue, p99MillisecondsAtMost: json["p99MillisecondsAtMost"]?.intValue,
            callsAtLeast: json["callsAtLeast"]?.intValue ?? 20)
    }
}
