import ArgumentParser
import MechaCore
import MechaHost
import MechaRuntime

/// `mecha components list`.
struct ComponentsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the components that this build contains.")

    @Option(name: .shortAndLong, help: "How to show them.")
    var output: OutputFormat = .table

    @Flag(name: [.customShort("k"), .long], help: .hidden)
    var kubernetes = false

    func run() throws {
        if kubernetes { throw CommandError("Kubernetes is not supported yet", hint: "leave out -k") }
        let components = ComponentCatalog.mecha.descriptors.sorted { $0.type < $1.type }
        let data = JSON.array(
            components.map { component in
                [
                    "type": .string(component.type), "versions": .array(component.versions.map { .string($0) }),
                    "capabilities": .array(component.capabilities.map { .string($0) }), "summary": .string(component.summary),
                ]
            })
        try CommandContext.current.console.show(data, as: output) {
            TextTable(
                headings: ["TYPE", "VERSIONS", "SUMMARY"],
                rows: components.map { [$0.type, $0.versions.joined(separator: ","), $0.summary] }
            ).text + ComponentCatalog.mecha.otherBuilds.sorted { $0.key < $1.key }.map { "\n\($0.key): \($0.value)" }.joined()
        }
    }
}
