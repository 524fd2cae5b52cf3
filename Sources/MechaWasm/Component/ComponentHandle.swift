/// A resource of the host on its way to or from a guest.
package struct ComponentHandle: Sendable, Hashable {
    /// Which kind of resource it is.
    package var kind: ComponentResourceKind
    /// Where ``ComponentInstance`` keeps it.
    package var number: UInt32
    package var isOwned: Bool
}
