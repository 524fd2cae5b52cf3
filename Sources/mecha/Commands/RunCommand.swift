import ArgumentParser
import MechaHost
import MechaRuntime

/// `mecha run`: apps and their runtime side by side.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a runtime and, beside it, your app.",
        discussion: """
            The runtime lives in this process; the app is started in a process group of its own and ends \
            with it. Ports that are not given are free ones.

            Examples:
              mecha run --app-id orders --app-port 3000 -- node orders.js
              mecha run --app-id orders python3 orders.py
              mecha run --app-id orders                      the runtime only
              mecha run -f dapr.yaml                         all apps of a template
              envsubst < dapr.yaml | mecha run -f -
            """)

    @OptionGroup var app: AppFlags
    @OptionGroup var runtime: RuntimeFlags

    @Option(name: [.customShort("f"), .long], help: "A run template: a file, a folder with dapr.yaml, or - for standard input.")
    var runFile: String?

    @Flag(name: [.customShort("k"), .long], help: "Run the template on Kubernetes (not supported yet).")
    var kubernetes = false

    @Argument(help: ArgumentHelp("The app's command.", valueName: "command"))
    var command: [String] = []

    func run() async throws {
        let context = CommandContext.current
        if kubernetes {
            throw CommandError("Running on Kubernetes is not supported yet", hint: "leave out -k to run on this machine")
        }
        let plan: RunPlan
        if let runFile, !runFile.isEmpty {
            warnOfIgnoredFlags(context)
            plan = try TemplateLoader(context: context, runtime: runtime).plan(runFile)
        } else {
            if command.isEmpty { context.console.warning("WARNING: no application command found.") }
            plan = try self.plan(in: context)
        }
        var session = try RunSession(plan: plan, context: context)
        let code = await session.run()
        if code != 0 { throw ExitCode(code) }
    }

    private func warnOfIgnoredFlags(_ context: CommandContext) {
        let kept: Set<String> = ["run-file", "data-dir", "event-loops"]
        let ignored = context.words.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }
            .map { String($0.dropFirst(2).prefix { $0 != "=" }) }.filter { !kept.contains($0) }
        guard !ignored.isEmpty else { return }
        context.console.warning(
            "The following flags are ignored when using --run-file and should be configured in the run file instead: "
                + ignored.joined(separator: ", "))
    }

    func plan(in context: CommandContext) throws -> RunPlan {
        var options = AppOptions(appID: "")
        options.httpPort = 0
        options.grpcPort = 0
        options.apply(environment: context.environment)
        app.apply(to: &options)
        if options.appID.isEmpty { options.appID = RandomAppID.make() }
        try options.checkPaths()
        options.applyDefaultPaths(context.folders)
        var process = runtime.options(in: context)
        process.metricsPort = runtime.metricsPort?.number ?? 0
        return RunPlan(style: .run, runtime: process, apps: [RunPlan.App(options: options, command: command)])
    }
}
