import MechaCore
import NIOCore

/// A change of state that an app of this process made, after its store confirmed it.
public struct StateChange: Sendable {
    public enum Operation: String, Sendable, Hashable, CaseIterable {
        case set, delete
    }

    public var operation: Operation
    /// The component's name.
    public var store: String
    /// As the store has it, with the prefix of the app.
    public var key: String
    /// What was written; nil for deletions, and where the store holds it encrypted.
    public var value: ByteBuffer?
    public var contentType: String?
    /// Who made the change.
    public var author: AppAddress
}
