import MechaCore
import Synchronization

/// The apps of this process, by address.
public final class LocalApps: Sendable {
    private let apps = Mutex<[AppAddress: LocalApp]>([:])

    public init() {}

    /// Makes an app callable, in place of one of the same address.
    public func add(_ app: LocalApp) { apps.withLock { $0[app.address] = app } }

    public func remove(_ app: LocalApp) {
        apps.withLock { apps in
            if apps[app.address] === app { apps[app.address] = nil }
        }
    }

    public subscript(address: AppAddress) -> LocalApp? { apps.withLock { $0[address] } }
}
