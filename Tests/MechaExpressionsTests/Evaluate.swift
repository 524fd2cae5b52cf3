import MechaCore

@testable import MechaExpressions

/// Evaluates `source` over variables given as JSON.
func evaluate(_ source: String, _ variables: [String: JSON] = [:]) throws -> CELValue {
    let program = try CELProgram(source: source, variables: variables.keys.sorted())
    return try program.evaluate(variables.mapValues { CELValue($0) })
}

/// Whether `source` is true; a condition that is no bool fails.
func holds(_ source: String, _ variables: [String: JSON] = [:]) throws -> Bool {
    let program = try CELProgram(source: source, variables: variables.keys.sorted())
    return try program.isTrue(variables.mapValues { CELValue($0) })
}

/// The code of the error that evaluating `source` ends with; nil when it has a value.
func failure(_ source: String, _ variables: [String: JSON] = [:]) throws -> CELError.Code? {
    do {
        _ = try evaluate(source, variables)
        return nil
    } catch let error as CELError {
        return error.code
    }
}

/// The error that reading `source` ends with.
func syntaxError(_ source: String, _ variables: [String] = ["event"]) -> String? {
    do throws(CELSyntaxError) {
        _ = try CELProgram(source: source, variables: variables)
        return nil
    } catch {
        return error.description
    }
}
