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
        if let runFile, !runFile.isEmpty {
            throw CommandError("Run templates are not supported yet: \(runFile)")
        }
        if command.isEmpty { context.console.warning("WARNING: no application command found.") }
        var session = try RunSession(plan: try plan(in: context), context: context)
        let code = await session.run()
        if code != 0 { throw ExitCode(code) }
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
