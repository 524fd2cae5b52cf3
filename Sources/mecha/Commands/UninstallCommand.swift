import ArgumentParser

/// `mecha uninstall`: takes back what `init` wrote.
struct UninstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall",
        abstract: "Remove what 'init' wrote, as far as it is unchanged.",
        discussion: """
            Data is kept, and so are files that you have changed.

            Examples:
              mecha uninstall                the link ~/.dapr/bin/daprd
              mecha uninstall --all          the default resources and configuration too
            """)

    @Flag(help: "Remove the default resources and the configuration too.")
    var all = false

    @Flag(name: [.customShort("k"), .long], help: .hidden)
    var kubernetes = false

    @Option(name: .long, help: .hidden) var network: String?
    @Option(name: .long, help: .hidden) var containerRuntime: String?

    func run() throws {
        if kubernetes { throw CommandError("Kubernetes is not supported yet", hint: "leave out -k") }
        let context = CommandContext.current
        for path in Installation(folders: context.folders).remove(isAll: all) { context.console.info("Removed \(path)") }
        context.console.success("Dapr has been removed successfully")
    }
}
