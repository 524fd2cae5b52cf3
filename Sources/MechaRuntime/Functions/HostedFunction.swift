import MechaFunctions
import MechaHost
import Synchronization

/// The app of a function. It has no listener of its own: its peers come to that of the app whose process it lives in.
final class HostedFunction: FunctionApp {
    let runtime: AppRuntime
    private let internalPort: Int?
    private let tasks = Mutex<[Task<Void, Never>]>([])

    init(_ runtime: AppRuntime, internalPort: Int?) {
        self.runtime = runtime
        self.internalPort = internalPort
    }

    func join() async throws {
        try await runtime.joinMesh(internalPort: internalPort, httpPort: nil, grpcPort: nil)
        runtime.becomeOutboundReady()
        tasks.withLock { tasks in
            if let health = runtime.app.health { tasks.append(Task.detached { await health.run() }) }
            tasks.append(Task.detached { [runtime] in await runtime.runDelivery() })
        }
    }

    func close() async {
        runtime.beginDraining()
        await runtime.stopDelivery(within: runtime.options.gracefulShutdown)
        await runtime.leaveMesh()
        for task in tasks.withLock({ $0 }) { task.cancel() }
        await runtime.closeComponents()
    }
}
