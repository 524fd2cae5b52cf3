/// A promise that a component did not keep.
public struct ConformanceFailure: Error, CustomStringConvertible {
    /// The case of the suite: a sentence that says what should hold.
    public var caseName: String
    public var problem: String

    public init(_ caseName: String, _ problem: String) {
        self.caseName = caseName
        self.problem = problem
    }

    public var description: String { "\(caseName): \(problem)" }
}

/// What a case throws at the first thing that does not hold; the suite adds the case's name.
struct Mismatch: Error {
    var problem: String
}

func check(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
    guard condition else { throw Mismatch(problem: problem()) }
}

func checkEqual<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) throws {
    guard found == expected else { throw Mismatch(problem: "\(what): expected \(brief(expected)), found \(brief(found))") }
}

/// Long values are cut, so that a failed case with a large value stays readable.
private func brief(_ value: some Any) -> String {
    let text = String(describing: value)
    return text.utf8.count > 300 ? "\(text.prefix(300))... (\(text.utf8.count) bytes)" : text
}
