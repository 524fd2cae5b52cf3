import ArgumentParser
import MechaCore
import Yams

/// `mecha configurations`: the Configuration resources that runs take by default.
struct ConfigurationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configurations",
        abstract: "List Configuration resources.",
        discussion: """
            Without --config it shows what runs use that name no configuration: ~/.dapr/config.yaml.

            Examples:
              mecha configurations
              mecha configurations --config ./config.yaml -o json
            """)

    @Option(name: .shortAndLong, help: "A Configuration file; may be given again.")
    var config: [String] = []

    @Option(name: .shortAndLong, help: "Only the one of this name.")
    var name: String?

    @Option(name: .shortAndLong, help: "How to show them.")
    var output: OutputFormat = .table

    @Flag(name: [.customShort("k"), .long], help: .hidden)
    var kubernetes = false

    func run() throws {
        if kubernetes { throw CommandError("Kubernetes is not supported yet", hint: "leave out -k") }
        let context = CommandContext.current
        let paths = config.isEmpty ? [context.folders.daprConfig].filter { FileStatus(path: $0) != nil } : config
        let listings = try paths.flatMap { try ConfigurationListing.read($0) }.filter { name == nil || $0.name == name }
        if listings.isEmpty, output == .table { return context.console.note("No configurations found.") }
        try context.console.show(.array(listings.map(\.json)), as: output) {
            TextTable(
                headings: ["NAME", "NAMESPACE", "TRACING-ENABLED", "METRICS-ENABLED", "FILE"],
                rows: listings.map { [$0.name, $0.namespace, "\($0.isTraced)", "\($0.isMetered)", $0.path] }
            ).text
        }
    }
}
