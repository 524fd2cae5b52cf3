import MechaCore

/// One evaluation of a program: walks the tree, counts its steps.
struct CELEvaluator {
    private var slots: [CELValue?]
    private let variables: [String]
    private let limits: CELLimits
    private var steps = 0

    init(_ values: [CELValue?], slotCount: Int, variables: [String], limits: CELLimits) {
        slots = values + Array(repeating: nil, count: slotCount - values.count)
        self.variables = variables
        self.limits = limits
    }

    /// Counts work; throws when there was too much of it.
    mutating func spend(_ count: Int, at place: CELPlace) throws(CELError) {
        steps += count
        guard steps <= limits.evaluationSteps else {
            throw CELError(.costExceeded, "the expression takes more than \(limits.evaluationSteps) steps", at: place)
        }
    }

    mutating func value(of node: CELNode) throws(CELError) -> CELValue {
        try spend(1, at: node.place)
        switch node.kind {
        case .literal(let value): return value
        case .slot(let slot):
            guard let value = slots[slot] else {
                throw CELError(.unbound, "no value was given for \(variables[slot])", at: node.place)
            }
            return value
        case .select(let operand, let name):
            guard let value = try field(name, of: operand, at: node.place) else {
                throw CELError(.noSuchKey, "there is no field \"\(name)\"", at: node.place)
            }
            return value
        case .has(let operand, let name): return .bool(try field(name, of: operand, at: node.place) != nil)
        case .index(let operand, let index): return try element(of: value(of: operand), at: value(of: index), node.place)
        case .and(let operands): return try logical(operands, decidedBy: false, at: node.place)
        case .or(let operands): return try logical(operands, decidedBy: true, at: node.place)
        case .conditional(let condition, let then, let otherwise):
            guard case .bool(let flag) = try value(of: condition) else {
                throw CELError(.noSuchOverload, "the condition of \"?\" is not a bool", at: node.place)
            }
            return try value(of: flag ? then : otherwise)
        case .not(let operand):
            let operand = try value(of: operand)
            guard case .bool(let flag) = operand else { throw .noOverload("!", [operand], at: node.place) }
            return .bool(!flag)
        case .negate(let operand): return try negated(value(of: operand), at: node.place)
        case .binary(let operation, let left, let right):
            return try apply(operation, value(of: left), value(of: right), at: node.place)
        case .call(let function, let arguments):
            var values: [CELValue] = []
            values.reserveCapacity(arguments.count)
            for argument in arguments { values.append(try value(of: argument)) }
            return try call(function, values, at: node.place)
        case .matches(let operand, let expression):
            let operand = try value(of: operand)
            guard case .string(let text) = operand else { throw .noOverload("matches", [operand, .string("")], at: node.place) }
            return .bool(try matches(text, expression, at: node.place))
        case .list(let elements):
            var values: [CELValue] = []
            values.reserveCapacity(elements.count)
            for element in elements { values.append(try value(of: element)) }
            return .list(values)
        case .map(let entries): return try map(entries, at: node.place)
        case .comprehension(let macro): return try comprehension(macro, at: node.place)
        }
    }

    /// `&&` and `||`: a value that decides wins over errors beside it, whichever comes first.
    private mutating func logical(_ operands: [CELNode], decidedBy decisive: Bool, at place: CELPlace) throws(CELError) -> CELValue {
        var failure: CELError?
        for operand in operands {
            do throws(CELError) {
                let value = try value(of: operand)
                guard case .bool(let flag) = value else {
                    throw .noOverload(decisive ? "||" : "&&", [value], at: operand.place)
                }
                if flag == decisive { return .bool(decisive) }
            } catch {
                if error.code == .costExceeded { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return .bool(!decisive)
    }

    // MARK: - Parts of values

    /// Nil when the map has no such field.
    private mutating func field(_ name: String, of operand: CELNode, at place: CELPlace) throws(CELError) -> CELValue? {
        let operand = try value(of: operand)
        guard case .map(let map) = operand else {
            throw CELError(.noSuchOverload, "a value of type \(operand.type.rawValue) has no field \"\(name)\"", at: place)
        }
        try spend(map.count / 16, at: place)
        return map[field: name]
    }

    private mutating func element(of operand: CELValue, at index: CELValue, _ place: CELPlace) throws(CELError) -> CELValue {
        switch operand {
        case .list(let list):
            let position: Int?
            switch index {
            case .int(let number): position = Int(exactly: number)
            case .uint(let number): position = Int(exactly: number)
            case .double(let number) where number == number.rounded(): position = Int(exactly: number)
            default: throw .noOverload("[]", [operand, index], at: place)
            }
            guard let position, position >= 0, position < list.count else {
                throw CELError(.indexOutOfRange, "the index is not in a list of \(list.count) elements", at: place)
            }
            return list[position]
        case .map(let map):
            try spend(map.count / 16, at: place)
            guard let value = map[index] else { throw CELError(.noSuchKey, "the map has no such key", at: place) }
            return value
        default: throw .noOverload("[]", [operand, index], at: place)
        }
    }

    private mutating func map(_ entries: [(key: CELNode, value: CELNode)], at place: CELPlace) throws(CELError) -> CELValue {
        var values: [CELMap.Entry] = []
        var seen: Set<CELKey> = []
        for entry in entries {
            let key = try value(of: entry.key)
            if case .double = key { throw CELError(.noSuchOverload, "a double cannot be a key", at: entry.key.place) }
            guard let known = CELKey(key) else {
                throw CELError(.noSuchOverload, "a value of type \(key.type.rawValue) cannot be a key", at: entry.key.place)
            }
            guard seen.insert(known).inserted else { throw CELError(.duplicateKey, "the map has a key twice", at: entry.key.place) }
            values.append((key, try value(of: entry.value)))
        }
        return .map(CELMap(values))
    }

    // MARK: - Macros

    private mutating func comprehension(_ macro: CELComprehension, at place: CELPlace) throws(CELError) -> CELValue {
        let elements: [CELValue]
        let range = try value(of: macro.range)
        switch range {
        case .list(let list):
            try spend(list.count, at: place)
            elements = list.elements
        case .map(let map):
            try spend(map.count, at: place)
            elements = map.entries.map(\.key)
        default: throw .noOverload(macro.form.rawValue, [range], at: place)
        }
        defer { slots[macro.slot] = nil }
        var failure: CELError?
        var found = 0
        var kept: [CELValue] = []
        for element in elements {
            slots[macro.slot] = element
            switch macro.form {
            case .all, .exists:
                let decisive = macro.form == .exists
                do throws(CELError) {
                    if try holds(macro, at: place) == decisive { return .bool(decisive) }
                } catch {
                    if error.code == .costExceeded { throw error }
                    failure = failure ?? error
                }
            case .existsOne: if try holds(macro, at: place) { found += 1 }
            case .filter: if try holds(macro, at: place) { kept.append(element) }
            case .map:
                guard let transform = macro.transform, try holds(macro, at: place) else { continue }
                kept.append(try value(of: transform))
            }
        }
        if let failure { throw failure }
        return switch macro.form {
        case .all: .bool(true)
        case .exists: .bool(false)
        case .existsOne: .bool(found == 1)
        case .filter, .map: .list(kept)
        }
    }

    /// The predicate of the element at hand; true when the macro has none.
    private mutating func holds(_ macro: CELComprehension, at place: CELPlace) throws(CELError) -> Bool {
        guard let predicate = macro.predicate else { return true }
        guard case .bool(let flag) = try value(of: predicate) else {
            throw CELError(.noSuchOverload, "the predicate of \(macro.form.rawValue) is not a bool", at: predicate.place)
        }
        return flag
    }
}

extension CELError {
    static func noOverload(_ name: String, _ operands: [CELValue], at place: CELPlace) -> CELError {
        CELError(
            .noSuchOverload, "\(name) does not take (\(operands.map(\.type.rawValue).joined(separator: ", ")))", at: place)
    }
}
