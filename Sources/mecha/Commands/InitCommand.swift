import ArgumentParser

/// `mecha init`: prepares this user's folders.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Prepare the folders of Mecha and Dapr in your home.",
        discussion: """
            Needs neither Docker nor a network: state is kept in an SQLite file. Files that exist are left \
            as they are. Not needed before 'run', which makes what it needs.

            Examples:
              mecha init
              mecha init --slim              without default resources
            """)

    @Flag(name: .shortAndLong, help: "Write no default resources.")
    var slim = false

    @Flag(name: [.customShort("k"), .long], help: .hidden)
    var kubernetes = false

    // What Dapr needs for its downloads and containers has no meaning here.
    @Option(name: .long, help: .hidden) var runtimeVersion: String?
    @Option(name: .long, help: .hidden) var imageRegistry: String?
    @Option(name: .long, help: .hidden) var imageVariant: String?
    @Option(name: .long, help: .hidden) var network: String?
    @Option(name: .long, help: .hidden) var containerRuntime: String?
    @Option(name: .long, help: .hidden) var fromDir: String?

    func run() throws {
        if kubernetes { throw CommandError("Kubernetes is not supported yet", hint: "leave out -k") }
        let context = CommandContext.current
        let installation = Installation(folders: context.folders)
        do {
            for file in try installation.install(isSlim: slim) { context.console.info(file) }
        } catch {
            throw CommandError("Cannot prepare \(error.path): \(error.reason)")
        }
        context.console.success(
            "Success! Dapr is up and running. To get started, go to \(context.folders.dapr) or try '\(context.persona.rawValue) run'.")
    }
}
