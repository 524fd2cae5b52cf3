import MechaFunctions
import MechaHost
import Synchronization

/// The app of a function. It has no listener of its own: its peers come to that of the app whose process it lives in.
final class HostedFunction: FunctionApp {
    let runtime: AppRuntime
    private let internalPort: Int?
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ runtime: AppRuntime, internalPort: Int?) {
        self.runtime = runtime
        self.internalPort = internalPort
    }

    func join() async throws {
        try await runtime.joinMesh(internalPort: internalPort, httpPort: nil, grpcPort: nil)
        runtime.becomeOutboundReady()
        task.withLock { task in
            task = Task.detached { [self] in
                // Ends soon: a function is not probed.
                await runtime.app.health?.run()
                await runtime.runDelivery()
                // With a thousand functions, a task each that has ended is worth letting go of.
                self.task.withLock { $0 = nil }
            }
        }
    }

    func close() async {
        runtime.beginDraining()
        await runtime.stopDelivery(within: runtime.options.gracefulShutdown)
        await runtime.leaveMesh()
        task.withLock { $0 }?.cancel()
        await runtime.closeComponents()
    }
}
