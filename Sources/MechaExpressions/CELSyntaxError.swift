/// Why a text is no expression, and where.
package struct CELSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    package var place: CELPlace
    package var problem: String
    /// What could stand there instead; nil when the problem says it.
    package var expected: String?

    package init(_ place: CELPlace, _ problem: String, expected: String? = nil) {
        self.place = place
        self.problem = problem
        self.expected = expected
    }

    package var description: String { "\(place): \(problem)\(expected.map { ", expected \($0)" } ?? "")" }
}

/// A place in an expression's source.
package struct CELPlace: Sendable, Hashable, CustomStringConvertible {
    /// From 1.
    package var line: Int32
    /// In characters (Unicode scalars) of the line, from 1.
    package var column: Int32

    package var description: String { line > 1 ? "line \(line), column \(column)" : "column \(column)" }
}
