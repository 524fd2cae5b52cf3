/// A node of an expression's tree, names resolved to slots.
final class CELNode: Sendable {
    indirect enum Kind: Sendable {
        case literal(CELValue)
        /// A variable, or the element of a macro around it.
        case slot(Int)
        case select(CELNode, field: String)
        /// `has(a.b)`
        case has(CELNode, field: String)
        case index(CELNode, CELNode)
        /// Two operands or more: chains are flat.
        case and([CELNode])
        case or([CELNode])
        case conditional(CELNode, then: CELNode, otherwise: CELNode)
        case not(CELNode)
        case negate(CELNode)
        case binary(CELOperator, CELNode, CELNode)
        case call(CELFunction, [CELNode])
        /// `matches` with a literal pattern.
        case matches(CELNode, RegularExpression)
        case list([CELNode])
        case map([(key: CELNode, value: CELNode)])
        case comprehension(CELComprehension)
    }

    let kind: Kind
    let place: CELPlace
    /// Levels of the tree from here down.
    let depth: Int

    init(_ kind: Kind, at place: CELPlace, depth: Int) {
        self.kind = kind
        self.place = place
        self.depth = depth
    }
}

/// Operators of two operands that evaluate both.
enum CELOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case `in`
}

/// A macro that goes through the elements of a list or the keys of a map.
struct CELComprehension: Sendable {
    enum Form: String, Sendable {
        case all, exists, map, filter
        case existsOne = "exists_one"
    }

    var form: Form
    var range: CELNode
    /// Where the element stands while the other nodes are evaluated.
    var slot: Int
    /// The predicate; for `map`, the filter of the form with three arguments.
    var predicate: CELNode?
    /// What `map` makes of an element.
    var transform: CELNode?
}
