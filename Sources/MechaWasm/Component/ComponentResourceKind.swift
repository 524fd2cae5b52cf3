/// A kind of resource that the host defines; equal numbers are one kind, whatever interface names it.
package struct ComponentResourceKind: RawRepresentable, Sendable, Hashable {
    package var rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }
}
