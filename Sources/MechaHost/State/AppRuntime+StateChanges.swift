import MechaCore
import NIOCore

// What this app has changed, for who watches.
extension AppRuntime {
    func changed(_ binding: StateBinding, _ writes: [StateWrite]) {
        guard host.stateChanges.isWatched else { return }
        for write in writes { tell(binding, .set, write.key, write.value, write.contentType ?? write.metadata["contentType"]) }
    }

    func changed(_ binding: StateBinding, _ removals: [StateRemoval]) {
        guard host.stateChanges.isWatched else { return }
        for removal in removals { tell(binding, .delete, removal.key, nil, nil) }
    }

    func changed(_ binding: StateBinding, _ operations: [StateOperation]) {
        guard host.stateChanges.isWatched else { return }
        for operation in operations {
            switch operation {
            case .upsert(let write): changed(binding, [write])
            case .delete(let removal): changed(binding, [removal])
            }
        }
    }

    private func tell(
        _ binding: StateBinding, _ operation: StateChange.Operation, _ key: String, _ value: ByteBuffer?, _ contentType: String?
    ) {
        guard let stored = try? binding.prefix.apply(to: key) else { return }
        host.stateChanges.tell(
            StateChange(
                operation: operation, store: binding.name, key: stored, value: binding.encryption == nil ? value : nil,
                contentType: contentType, author: address))
    }
}
