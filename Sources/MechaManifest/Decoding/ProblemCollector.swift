/// Gathers what is wrong with one file while it is decoded, so that people learn of everything at once.
final class ProblemCollector {
    let file: String
    /// Kind and name of the resource that is being decoded.
    var resource: String?
    /// Where fields of the resource stand that are checked when all resources are known, by their paths.
    var places: [String: SourceLocation] = [:]
    private(set) var errors: [ManifestProblem] = []
    private(set) var warnings: [ManifestProblem] = []
    private let maximumProblems: Int
    /// Errors found, those beyond the limit included.
    private(set) var errorCount = 0
    private var warningCount = 0

    init(file: String, limits: ManifestLimits) {
        self.file = file
        maximumProblems = limits.maximumProblemsPerFile
    }

    func error(_ message: String, at mark: YAMLMark?, field: String? = nil) {
        errorCount += 1
        if let problem = problem(number: errorCount, "errors", message, mark, field) { errors.append(problem) }
    }

    func warn(_ message: String, at mark: YAMLMark?, field: String? = nil) {
        warningCount += 1
        if let problem = problem(number: warningCount, "warnings", message, mark, field) { warnings.append(problem) }
    }

    func note(_ mark: YAMLMark, of field: String) {
        places[field] = SourceLocation(file: file, line: mark.line, column: mark.column)
    }

    private func problem(
        number: Int, _ what: String, _ message: String, _ mark: YAMLMark?, _ field: String?
    ) -> ManifestProblem? {
        guard number <= maximumProblems + 1 else { return nil }
        guard number <= maximumProblems else {
            return ManifestProblem("has further \(what), which are not listed", at: SourceLocation(file: file))
        }
        return ManifestProblem(
            message, at: SourceLocation(file: file, line: mark?.line, column: mark?.column), resource: resource, field: field)
    }
}
