import ArgumentParser

/// `mecha stop`: ends runtimes and their apps.
struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop runtimes and the apps that run beside them.",
        discussion: """
            Examples:
              mecha stop --app-id orders
              mecha stop orders payments --wait
              mecha stop -f dapr.yaml
            """)

    @Option(name: [.customShort("a"), .customLong("app-id")], help: "The app to stop.")
    var appID: String?

    @Option(name: [.customShort("f"), .long], help: "Stop all apps of this run template: a file, or a folder with dapr.yaml.")
    var runFile: String?

    @Flag(name: [.customShort("k"), .long], help: .hidden)
    var kubernetes = false

    @Flag(name: .shortAndLong, help: "Return when the processes are gone.")
    var wait = false

    @Option(name: .shortAndLong, help: "Seconds to wait before they are killed.")
    var timeout: Int = 15

    @Argument(help: "More apps to stop.")
    var appIDs: [String] = []

    func run() async throws {
        if kubernetes { throw CommandError("Kubernetes is not supported yet", hint: "leave out -k") }
        let context = CommandContext.current
        let ids = appIDs + (appID.map { [$0] } ?? [])
        guard !ids.isEmpty || runFile != nil else {
            throw CommandError("Nothing to stop", hint: "give --app-id or --run-file")
        }
        let stopper = Stopper(context: context, patience: wait ? .seconds(max(1, timeout)) : nil)
        var isFailed = false
        if let runFile {
            do {
                try await stopper.stopTemplate(try RunFile.locate(runFile))
                context.console.success("Dapr and app processes stopped successfully")
            } catch {
                context.console.failure("Failed to stop Dapr and app processes: \(error)")
                isFailed = true
            }
        }
        for id in ids {
            do {
                try await stopper.stop(id)
                context.console.success("app stopped successfully: \(id)")
            } catch {
                context.console.failure("failed to stop app id \(id): \(error)")
                isFailed = true
            }
        }
        // Scripts written for Dapr stop apps that may be gone already, and Dapr lets them.
        if isFailed, context.persona == .mecha { throw ExitCode.failure }
    }
}
