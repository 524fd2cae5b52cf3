/// The bounds of expressions. What lies beyond is an error, never a hang.
package struct CELLimits: Sendable {
    /// Length of the source, in UTF-8 bytes.
    package var sourceBytes = 16 << 10
    /// Parentheses, brackets, operators and calls inside each other.
    package var nesting = 100
    /// Steps of one evaluation: about one per node visited, more for work that grows with a value's size
    /// (16 bytes of text or one element of a list count as a step). A million takes about a tenth of a second.
    package var evaluationSteps = 1_000_000

    package init() {}
}
