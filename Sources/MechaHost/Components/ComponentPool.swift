import MechaCore
import Synchronization

/// Component instances that apps of one process share: two apps with the same configuration use the same
/// connections. An instance is closed when its last user lets it go.
final class ComponentPool: Sendable {
    struct Key: Hashable, Sendable {
        var type: String
        var version: String
        var name: String
        var metadata: ComponentMetadata
        /// Set for components that must not be shared.
        var owner: AppAddress?
    }

    private struct Entry {
        var component: any Component
        var users: Int
    }

    private let entries = Mutex<[Key: Entry]>([:])

    /// The instance for `key`, made by `make` when there is none. `isNew` tells that it must be started.
    func acquire(_ key: Key, make: () throws -> any Component) throws -> (component: any Component, isNew: Bool) {
        try entries.withLock { entries in
            if var entry = entries[key] {
                entry.users += 1
                entries[key] = entry
                return (entry.component, false)
            }
            let component = try make()
            entries[key] = Entry(component: component, users: 1)
            return (component, true)
        }
    }

    /// Closes the instance when nobody else uses it.
    func release(_ key: Key) async {
        let unused = entries.withLock { entries -> (any Component)? in
            guard var entry = entries[key] else { return nil }
            entry.users -= 1
            entries[key] = entry.users > 0 ? entry : nil
            return entry.users > 0 ? nil : entry.component
        }
        await unused?.close()
    }
}
