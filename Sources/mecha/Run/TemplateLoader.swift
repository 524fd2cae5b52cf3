import ArgumentParser
import MechaCore
import MechaManifest

/// Reads a run template into a ``RunPlan``.
struct TemplateLoader {
    var context: CommandContext
    var runtime: RuntimeFlags

    /// `path` is a file, a folder with `dapr.yaml`, or `-` for standard input. Tells of every problem in
    /// the template before it throws.
    func plan(_ path: String) throws -> RunPlan {
        let file = path == "-" ? "\(Files.workingDirectory())/-" : try RunFile.locate(path)
        let report = path == "-" ? try readStandardInput() : RunTemplate.load(path: file)
        for problem in report.warnings { context.console.warning("\(problem)") }
        guard let template = report.template else { throw tell(report.errors) }
        let planned = template.plan(
            templatePath: file, workingDirectory: Files.workingDirectory(),
            home: context.environment["HOME"] ?? "/", runtimeFolder: context.folders.dapr,
            exists: { FileStatus(path: $0) != nil })
        guard planned.errors.isEmpty else { throw tell(planned.errors) }
        let apps = planned.apps.map { app in
            RunPlan.App(app, stamp: Age.compact(SystemClock().now()), environment: context.environment)
        }
        var process = runtime.options(in: context)
        process.metricsPort = metricsPort(of: planned.apps)
        return RunPlan(style: .template(.init(path: file, name: template.name ?? "")), runtime: process, apps: apps)
    }

    private func readStandardInput() throws(CommandError) -> RunTemplateReport {
        do {
            let bytes = try Files.read(descriptor: 0, name: "standard input")
            return RunTemplate.parse(text: String(decoding: bytes, as: UTF8.self), fileName: "standard input")
        } catch {
            throw CommandError("Cannot read the run template: \(error)")
        }
    }

    private func tell(_ problems: [ManifestProblem]) -> ExitCode {
        for problem in problems { context.console.failure("\(problem)") }
        return .failure
    }

    /// All apps of a process share one metrics listener: the first port that an app names, or a free one.
    private func metricsPort(of apps: [RunTemplate.PlannedApp]) -> Int {
        let named = apps.compactMap { app in app.declaration.metricsPort.map { (app.appID, $0) } }
        guard let (_, port) = named.first else { return 0 }
        for (appID, other) in named where other != port {
            context.console.warning("The metrics of \"\(appID)\" are on port \(port), not \(other): all apps of a run share one port")
        }
        return port
    }
}
