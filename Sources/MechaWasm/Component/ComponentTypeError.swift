/// A guest passed something else than the interface says.
package struct ComponentTypeError: Error, Sendable, CustomStringConvertible {
    package var expected: String

    package init(_ expected: String) { self.expected = expected }

    package var description: String { "an argument is no \(expected)" }
}
