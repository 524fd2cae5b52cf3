/// Why an expression has no value for what it was given. Carries types and names, never values.
package struct CELError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// An operator or function does not take values of these types.
        case noSuchOverload
        /// A map has no such key, or an object no such field.
        case noSuchKey
        case indexOutOfRange
        case divisionByZero
        /// A number, duration or timestamp outside of its type's range.
        case overflow
        /// A text that cannot be converted, a bad pattern, a bad time zone.
        case invalidArgument
        /// A map literal with one key twice.
        case duplicateKey
        /// No value was given for a variable.
        case unbound
        /// More steps than ``CELLimits/evaluationSteps``; ends the evaluation whatever stands around it.
        case costExceeded
    }

    package var code: Code
    package var message: String
    /// Of the operator or function that failed.
    package var place: CELPlace

    package init(_ code: Code, _ message: String, at place: CELPlace) {
        self.code = code
        self.message = message
        self.place = place
    }

    package var description: String { "\(place): \(message)" }
}
