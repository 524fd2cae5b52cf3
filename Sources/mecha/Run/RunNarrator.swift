import MechaRuntime

/// Says what happens in a run, in the lines that Dapr's quickstarts and tests look for (section 3.3 of
/// the Dapr surface), and where they look for them.
struct RunNarrator: Sendable {
    let plan: RunPlan
    let console: Console
    /// Of a template's apps: what an app prints and what concerns it.
    let appSinks: [LogSink]
    /// Of a template's apps: what concerns the app's runtime.
    let daprSinks: [LogSink]

    init(plan: RunPlan, console: Console) throws(CommandError) {
        self.plan = plan
        self.console = console
        var appSinks: [LogSink] = []
        var daprSinks: [LogSink] = []
        if plan.template != nil {
            for app in plan.apps {
                appSinks.append(try LogSink(app.appLog, console: console.output))
                daprSinks.append(try LogSink(app.daprLog, console: console.output))
            }
        }
        self.appSinks = appSinks
        self.daprSinks = daprSinks
    }

    /// `ports` are those of the plan's apps in order; empty as long as they are unknown.
    func tell(_ notice: RunNotice, ports: [Runtime.AppPorts]) {
        switch plan.style {
        case .serve:
            if case .runtimeFailed(let reason) = notice { console.failure(reason) }
        case .run:
            tellOfOne(notice, ports: ports)
        case .template(let template):
            tellOfMany(notice, ports: ports, template: template)
        }
    }

    /// A line that an app printed.
    func carry(_ line: [UInt8], from app: Int) {
        appSinks[app].write(Array("== APP - \(plan.apps[app].options.appID) == ".utf8) + line)
    }
}
