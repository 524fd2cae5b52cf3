/// When a circuit breaker opens, as a CEL expression over what it counted.
package struct TripCondition: Sendable {
    /// The names that expressions use.
    package static let variables = ["requests", "totalSuccesses", "totalFailures", "consecutiveSuccesses", "consecutiveFailures"]

    private let program: CELProgram

    /// Reads the expression and tries it out, so that one of the wrong type is found where it is declared
    /// and not when a call fails.
    package init(_ source: String) throws(Problem) {
        do throws(CELSyntaxError) {
            var limits = CELLimits()
            limits.evaluationSteps = 10_000
            program = try CELProgram(source: source, variables: Self.variables, limits: limits)
        } catch {
            throw Problem(description: error.description)
        }
        do throws(CELError) {
            _ = try program.isTrue(values: Self.variables.map { _ in .int(1) })
        } catch {
            // Other errors depend on the counts: a division by zero successes is none for ever.
            if error.code == .noSuchOverload || error.code == .costExceeded || error.code == .invalidArgument {
                throw Problem(description: error.description)
            }
        }
    }

    package struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        package var description: String
    }

    /// Counts in the order of ``variables``. A condition without a value for them does not hold.
    package func holds(_ counts: Int...) -> Bool {
        (try? program.isTrue(values: counts.map { .int(Int64($0)) })) ?? false
    }
}
