import MechaRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension RunNarrator {
    /// `mecha run -f`: the course on the console, the details in each app's logs.
    func tellOfMany(_ notice: RunNotice, ports: [Runtime.AppPorts], template: RunPlan.Template) {
        switch notice {
        case .runtimeUp, .allUp:
            break
        case .runtimeFailed(let reason):
            console.failure("Error starting Dapr and the apps of \(template.path): \(reason)")
        case .preparing(let app):
            let id = plan.apps[app].options.appID
            console.info("Validating config and starting app \"\(id)\"")
            if plan.apps[app].command.isEmpty {
                console.warning("No application command found for app \"\(id)\" present in \(template.path)")
            }
            tellOfRuntime(app, ports: ports[app])
        case .appUp(let app, let pid):
            tellUp(app, pid: pid, ports: ports[app])
        case .appNotStarted(let app, let reason):
            let id = plan.apps[app].options.appID
            let message = "Error starting Dapr and app (\"\(id)\"): cannot start '\(plan.apps[app].command.first ?? "")': \(reason)"
            console.failure(message)
            appSinks[app].write(console.line(.failure, message))
        case .appExited(let app, let exit) where exit.isSuccess:
            appSinks[app].write(console.line(.success, "Exited App successfully"))
        case .appExited(let app, let exit):
            appSinks[app].write(console.line(.failure, "The App process exited with error code: \(exit)"))
        case .appClosed(let app, let phase):
            tellEnd(app, phase)
        case .stopping:
            console.info("Received signal to stop Dapr and app processes. Shutting down Dapr and app processes.")
            for sink in daprSinks + appSinks { sink.write(console.line(.info, "termination signal received: shutting down")) }
        case .stopped(let apps):
            for (app, phase) in apps.enumerated() where phase != .gone { tellEnd(app, phase) }
        }
    }

    private func tellOfRuntime(_ app: Int, ports: Runtime.AppPorts) {
        let options = plan.apps[app].options
        let names = ListenerNames(options: options, ports: ports)
        let sink = daprSinks[app]
        sink.write(console.line(.info, "Starting Dapr with id \(options.appID). \(names.summary)"))
        if options.appPort == nil {
            for check in names.checks { sink.write(console.line(.info, check)) }
            sink.write(console.line(.info, "Dapr sidecar is up and running."))
        }
    }

    private func tellUp(_ app: Int, pid: Int32?, ports: Runtime.AppPorts) {
        let sink = daprSinks[app]
        sink.write(console.line(.info, "Updating metadata for cliPID: \(getpid())"))
        if let pid {
            sink.write(console.line(.info, "Updating metadata for appPID: \(pid)"))
            let command = plan.apps[app].command.joined(separator: " ")
            sink.write(console.line(.info, "Updating metadata for app command: \(command)"))
        }
        sink.write(console.line(.success, "You're up and running! Dapr logs will appear here."))
        let options = plan.apps[app].options
        let names = ListenerNames(options: options, ports: ports)
        console.info("Started Dapr with app id \"\(options.appID)\". \(names.summary)")
        if let directory = plan.apps[app].logDirectory {
            console.info("Writing log files to directory : \(directory)")
        }
    }

    private func tellEnd(_ app: Int, _ phase: RunStateMachine.AppPhase) {
        daprSinks[app].write(console.line(.success, "Exited Dapr successfully"))
        switch phase {
        case .stopped: daprSinks[app].write(console.line(.success, "Exited App successfully"))
        case .ended(let exit) where !exit.isSuccess: appSinks[app].write(console.line(.failure, "Error exiting App: \(exit)"))
        default: break
        }
    }
}
