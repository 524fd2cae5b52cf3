import MechaRuntime

extension RunNarrator {
    /// `mecha run`: everything on the console.
    func tellOfOne(_ notice: RunNotice, ports: [Runtime.AppPorts]) {
        let app = plan.apps[0]
        let command = app.command.joined(separator: " ")
        switch notice {
        case .runtimeUp:
            let names = ListenerNames(options: app.options, ports: ports[0])
            console.info("Starting Dapr with id \(app.options.appID). \(names.summary)")
            guard app.options.appPort == nil else { return }
            for check in names.checks { console.info(check) }
            console.info("Dapr sidecar is up and running.")
        case .runtimeFailed(let reason):
            console.failure("The daprd process exited with error code: \(reason)")
        case .appUp(_, let pid?):
            console.info("Updating metadata for appPID: \(pid)")
            console.info("Updating metadata for app command: \(command)")
        case .preparing, .appUp, .appClosed:
            break
        case .appNotStarted(_, let reason):
            console.failure("Cannot start '\(app.command.first ?? "")': \(reason)")
        case .allUp where command.isEmpty:
            console.success("You're up and running! Dapr logs will appear here.")
        case .allUp:
            console.success("You're up and running! Both Dapr and your app logs will appear here.")
        case .appExited(_, let exit) where exit.isSuccess:
            console.success("Exited App successfully")
        case .appExited(_, let exit):
            console.failure("The App process exited with error code: \(exit)")
        case .stopping:
            console.info("terminated signal received: shutting down")
        case .stopped(let apps):
            // Quickstarts expect these two in this order.
            console.success("Exited Dapr successfully")
            switch apps[0] {
            case .stopped: console.success("Exited App successfully")
            case .ended(let exit) where !exit.isSuccess: console.failure("Error exiting App: \(exit)")
            default: break
            }
        }
    }
}
