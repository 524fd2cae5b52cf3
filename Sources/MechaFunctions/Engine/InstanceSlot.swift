/// The right to have one instance, given back when this is freed: by the instance itself, after its memory.
final class InstanceSlot: Sendable {
    private let slots: InstanceSlots

    init(_ slots: InstanceSlots) { self.slots = slots }

    deinit { slots.giveBack() }
}
