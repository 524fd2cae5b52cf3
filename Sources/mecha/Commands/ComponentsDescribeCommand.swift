import ArgumentParser
import MechaCore
import MechaHost
import MechaRuntime

/// `mecha components describe`.
struct ComponentsDescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Describe a component and the metadata that it takes.",
        discussion: """
            Examples:
              mecha components describe state.redis
            """)

    @Argument(help: "The component's type, like state.redis.")
    var type: String

    @Option(name: .shortAndLong, help: "How to show it.")
    var output: OutputFormat = .table

    func run() throws {
        let all = ComponentCatalog.mecha.descriptors
        guard let component = all.first(where: { $0.type == type || $0.aliases.contains(type) }) else {
            if let way = ComponentCatalog.mecha.otherBuilds[type.lowercased()] {
                throw CommandError("There is no component '\(type)'", hint: way)
            }
            let near = nearestName(to: type, among: all.flatMap { [$0.type] + $0.aliases })
            throw CommandError("There is no component '\(type)'", hint: near.map { "did you mean \($0)?" } ?? "see 'components list'")
        }
        let description = ComponentDescription(component)
        try CommandContext.current.console.show(description.json, as: output) { description.text }
    }
}
