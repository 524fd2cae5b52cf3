/// Why a text is no schedule, and where.
package struct ScheduleError: Error, Sendable, Hashable, CustomStringConvertible {
    /// In bytes, from 1.
    package var column: Int
    /// `minute`, `day of week`, ...; nil when the problem is about no single field.
    package var field: String?
    package var problem: String
    package var expected: String?

    package var description: String {
        "column \(column): \(field.map { "the \($0) field " } ?? "")\(problem)\(expected.map { ", expected \($0)" } ?? "")"
    }
}
