import MechaCore

extension CELEvaluator {
    mutating func apply(
        _ operation: CELOperator, _ left: CELValue, _ right: CELValue, at place: CELPlace
    ) throws(CELError) -> CELValue {
        switch operation {
        case .equal: .bool(try isEqual(left, right, at: place))
        case .notEqual: .bool(try !isEqual(left, right, at: place))
        case .less, .lessOrEqual, .greater, .greaterOrEqual: .bool(try compares(operation, left, right, at: place))
        case .in: .bool(try contains(right, left, at: place))
        case .add, .subtract, .multiply, .divide, .modulo: try arithmetic(operation, left, right, at: place)
        }
    }

    func negated(_ value: CELValue, at place: CELPlace) throws(CELError) -> CELValue {
        switch value {
        case .int(.min): throw .overflow("-", at: place)
        case .int(let number): .int(-number)
        case .double(let number): .double(-number)
        default: throw .noOverload("-", [value], at: place)
        }
    }

    // MARK: - Arithmetic

    private mutating func arithmetic(
        _ operation: CELOperator, _ left: CELValue, _ right: CELValue, at place: CELPlace
    ) throws(CELError) -> CELValue {
        switch (left, right) {
        case (.int(let a), .int(let b)): .int(try whole(operation, a, b, at: place))
        case (.uint(let a), .uint(let b)): .uint(try whole(operation, a, b, at: place))
        case (.double(let a), .double(let b)):
            switch operation {
            case .add: .double(a + b)
            case .subtract: .double(a - b)
            case .multiply: .double(a * b)
            case .divide: .double(a / b)
            default: throw .noOverload(operation.rawValue, [left, right], at: place)
            }
        case (.string(let a), .string(let b)) where operation == .add:
            .string(try joined(a, b, cost: a.utf8.count + b.utf8.count, at: place))
        case (.bytes(let a), .bytes(let b)) where operation == .add: .bytes(try joined(a, b, cost: a.count + b.count, at: place))
        case (.list(let a), .list(let b)) where operation == .add:
            .list(try joined(a.elements, b.elements, cost: (a.count + b.count) * 16, at: place))
        default: try timeArithmetic(operation, left, right, at: place)
        }
    }

    private func whole<Number: FixedWidthInteger>(
        _ operation: CELOperator, _ a: Number, _ b: Number, at place: CELPlace
    ) throws(CELError) -> Number {
        let (result, overflow): (Number, Bool)
        switch operation {
        case .add: (result, overflow) = a.addingReportingOverflow(b)
        case .subtract: (result, overflow) = a.subtractingReportingOverflow(b)
        case .multiply: (result, overflow) = a.multipliedReportingOverflow(by: b)
        case .divide, .modulo:
            guard b != 0 else {
                throw CELError(.divisionByZero, operation == .divide ? "division by zero" : "modulus by zero", at: place)
            }
            (result, overflow) =
                operation == .divide ? a.dividedReportingOverflow(by: b) : a.remainderReportingOverflow(dividingBy: b)
        default: (result, overflow) = (0, true)
        }
        guard !overflow else { throw .overflow(operation.rawValue, at: place) }
        return result
    }

    private mutating func joined<Value: RangeReplaceableCollection>(
        _ a: Value, _ b: Value, cost: Int, at place: CELPlace
    ) throws(CELError) -> Value {
        try spend(cost / 16, at: place)
        return a + b
    }

    private func timeArithmetic(
        _ operation: CELOperator, _ left: CELValue, _ right: CELValue, at place: CELPlace
    ) throws(CELError) -> CELValue {
        func moment(_ moment: Timestamp?) throws(CELError) -> CELValue {
            guard let moment else { throw .overflow(operation.rawValue, at: place) }
            return .timestamp(moment)
        }
        func duration(_ duration: Duration) throws(CELError) -> CELValue {
            guard CELTime.isInRange(duration) else { throw .overflow(operation.rawValue, at: place) }
            return .duration(duration)
        }
        switch (left, operation, right) {
        case (.timestamp(let a), .add, .duration(let b)), (.duration(let b), .add, .timestamp(let a)):
            return try moment(CELTime.add(a, b))
        case (.timestamp(let a), .subtract, .duration(let b)): return try moment(CELTime.add(a, .zero - b))
        case (.timestamp(let a), .subtract, .timestamp(let b)): return try duration(CELTime.subtract(a, b))
        case (.duration(let a), .add, .duration(let b)): return try duration(a + b)
        case (.duration(let a), .subtract, .duration(let b)): return try duration(a - b)
        default: throw .noOverload(operation.rawValue, [left, right], at: place)
        }
    }

    // MARK: - Comparison

    /// Values of different types differ, except that numbers are compared by what they stand for.
    mutating func isEqual(_ left: CELValue, _ right: CELValue, at place: CELPlace) throws(CELError) -> Bool {
        try spend(1, at: place)
        switch (left, right) {
        case (.null, .null): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.string(let a), .string(let b)):
            try spend(min(a.utf8.count, b.utf8.count) / 16, at: place)
            return UTF8Order.isEqual(a, b)
        case (.bytes(let a), .bytes(let b)):
            try spend(min(a.count, b.count) / 16, at: place)
            return a == b
        case (.timestamp(let a), .timestamp(let b)): return a == b
        case (.duration(let a), .duration(let b)): return a == b
        case (.type(let a), .type(let b)): return a == b
        case (.list(let a), .list(let b)):
            guard a.count == b.count else { return false }
            for index in 0..<a.count where try !isEqual(a[index], b[index], at: place) { return false }
            return true
        case (.map(let a), .map(let b)):
            try spend(a.count + b.count, at: place)
            guard a.count == b.count else { return false }
            for (key, value) in a.entries {
                try spend(b.count / 16, at: place)
                guard let other = b[key], try isEqual(value, other, at: place) else { return false }
            }
            return true
        default: return CELNumber(left).flatMap { a in CELNumber(right).map { a.isEqual(to: $0) } } ?? false
        }
    }

    private mutating func compares(
        _ operation: CELOperator, _ left: CELValue, _ right: CELValue, at place: CELPlace
    ) throws(CELError) -> Bool {
        func decide<Value: Comparable>(_ a: Value, _ b: Value) -> Bool {
            switch operation {
            case .less: a < b
            case .lessOrEqual: a <= b
            case .greater: a > b
            default: a >= b
            }
        }
        switch (left, right) {
        case (.int(let a), .int(let b)): return decide(a, b)
        case (.bool(let a), .bool(let b)): return decide(a ? 1 : 0, b ? 1 : 0)
        case (.string(let a), .string(let b)):
            try spend(min(a.utf8.count, b.utf8.count) / 16, at: place)
            if UTF8Order.isEqual(a, b) { return operation == .lessOrEqual || operation == .greaterOrEqual }
            // Bytes of UTF-8 have the order of the code points.
            return UTF8Order.isLess(a, b) == (operation == .less || operation == .lessOrEqual)
        case (.bytes(let a), .bytes(let b)):
            try spend(min(a.count, b.count) / 16, at: place)
            if a == b { return operation == .lessOrEqual || operation == .greaterOrEqual }
            return a.lexicographicallyPrecedes(b) == (operation == .less || operation == .lessOrEqual)
        case (.timestamp(let a), .timestamp(let b)): return decide(a, b)
        case (.duration(let a), .duration(let b)): return decide(a, b)
        default:
            guard let a = CELNumber(left), let b = CELNumber(right) else {
                throw .noOverload(operation.rawValue, [left, right], at: place)
            }
            // Nothing is less than NaN, and NaN is less than nothing.
            guard let order = a.order(against: b) else { return false }
            return decide(order, 0)
        }
    }

    private mutating func contains(_ container: CELValue, _ element: CELValue, at place: CELPlace) throws(CELError) -> Bool {
        switch container {
        case .list(let list):
            for index in 0..<list.count where try isEqual(list[index], element, at: place) { return true }
            return false
        case .map(let map):
            try spend(map.count / 16, at: place)
            return map[element] != nil
        default: throw .noOverload("in", [element, container], at: place)
        }
    }
}

extension CELError {
    static func overflow(_ name: String, at place: CELPlace) -> CELError {
        CELError(.overflow, "the result of \(name) does not fit", at: place)
    }
}
