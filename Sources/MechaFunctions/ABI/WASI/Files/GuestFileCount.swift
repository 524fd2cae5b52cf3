import Synchronization

/// Files that a guest may have open at the same time.
final class GuestFileCount: Sendable {
    static let filesAtMost = 64

    private let open = Atomic(0)

    func take() throws(GuestFileError) {
        guard open.wrappingAdd(1, ordering: .relaxed).newValue <= Self.filesAtMost else {
            give()
            throw .tooManyFiles
        }
    }

    func give() { open.wrappingSubtract(1, ordering: .relaxed) }
}
