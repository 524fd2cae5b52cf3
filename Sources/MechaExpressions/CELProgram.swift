/// An expression that is read, checked and ready to be evaluated, again and again and on any thread.
package struct CELProgram: Sendable {
    package let source: String
    /// The names that the expression may use, in the order of their slots.
    package let variables: [String]
    package let limits: CELLimits
    private let root: CELNode
    private let slotCount: Int

    /// Reads an expression; throws where and why it is none. Unknown names and functions, wrong numbers of
    /// arguments and bad literal patterns are found here, wrong types when it is evaluated.
    package init(source: String, variables: [String], limits: CELLimits = CELLimits()) throws(CELSyntaxError) {
        var parser = try CELParser(source, variables: variables, limits: limits)
        root = try parser.wholeExpression()
        slotCount = parser.slotCount
        self.source = source
        self.variables = variables
        self.limits = limits
    }

    /// - Parameter values: by variable; one that is missing is an error only where it is read.
    package func evaluate(_ values: [String: CELValue]) throws(CELError) -> CELValue {
        var slots: [CELValue?] = []
        slots.reserveCapacity(slotCount)
        for name in variables { slots.append(values[name]) }
        return try evaluate(slots)
    }

    /// - Parameter values: in the order of ``variables``.
    package func evaluate(values: [CELValue]) throws(CELError) -> CELValue {
        precondition(values.count == variables.count, "one value for each variable")
        return try evaluate(values.map(Optional.some))
    }

    /// For conditions: the value must be a bool.
    package func isTrue(_ values: [String: CELValue]) throws(CELError) -> Bool { try condition(evaluate(values)) }

    package func isTrue(values: [CELValue]) throws(CELError) -> Bool { try condition(evaluate(values: values)) }

    private func condition(_ value: CELValue) throws(CELError) -> Bool {
        guard case .bool(let flag) = value else {
            throw CELError(.noSuchOverload, "the expression is of type \(value.type.rawValue) and not bool", at: root.place)
        }
        return flag
    }

    private func evaluate(_ values: [CELValue?]) throws(CELError) -> CELValue {
        var evaluator = CELEvaluator(values, slotCount: slotCount, variables: variables, limits: limits)
        return try evaluator.value(of: root)
    }
}
