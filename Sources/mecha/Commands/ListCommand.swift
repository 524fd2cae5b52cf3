import ArgumentParser
import MechaCore

/// `mecha list`: the apps that run on this machine.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the apps that run on this machine.",
        discussion: """
            Examples:
              mecha list
              mecha list -o json
            """)

    @Option(name: .shortAndLong, help: "How to show them.")
    var output: OutputFormat = .table

    @Flag(name: [.customShort("k"), .long], help: .hidden)
    var kubernetes = false

    func run() throws {
        if kubernetes { throw CommandError("Kubernetes is not supported yet", hint: "leave out -k") }
        let context = CommandContext.current
        let apps = RunningApp.all(in: RunRecordStore(folder: context.folders.runRecords))
        let listing = AppListing(apps: apps, now: SystemClock().now())
        if apps.isEmpty, output == .table {
            let message = "No \(context.persona == .dapr ? "Dapr" : "Mecha") instances found."
            // Scripts look for Dapr's sentence on standard output.
            if context.persona == .dapr { context.console.data(message) } else { context.console.note(message) }
            return
        }
        try context.console.show(listing.json, as: output) { listing.table }
    }
}
