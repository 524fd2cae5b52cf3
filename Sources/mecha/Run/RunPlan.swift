import MechaHost
import MechaRuntime

/// What one `mecha run` or `mecha serve` is to do.
struct RunPlan: Sendable {
    struct App: Sendable {
        var options: AppOptions
        /// The program to start; nil when the app runs elsewhere.
        var command: [String] = []
        /// Variables of the app besides those of this process.
        var environment: [String: String] = [:]
        /// Where the app runs; nil for the current folder.
        var directory: String?
        /// For templates: where what the app prints goes, and what its runtime logs.
        var appLog = LogDestination.console
        var daprLog = LogDestination.console
        /// Where the template puts the app's log files.
        var logDirectory: String?
    }

    struct Template: Sendable {
        /// The absolute path of the template file.
        var path: String
        var name: String
    }

    /// Who is watching, which decides what is told.
    enum Style: Sendable {
        /// `run` of one app: Dapr's marker lines.
        case run
        /// `run -f`: Dapr's marker lines for templates.
        case template(Template)
        /// `serve`: nothing but the runtime's own log.
        case serve
    }

    var style: Style
    /// The process's options; the apps' options are added from ``apps``.
    var runtime: RuntimeOptions
    var apps: [App]

    var runtimeOptions: RuntimeOptions {
        var options = runtime
        options.apps = apps.map(\.options)
        return options
    }

    var template: Template? {
        if case .template(let template) = style { template } else { nil }
    }

    var isServe: Bool {
        if case .serve = style { true } else { false }
    }
}
