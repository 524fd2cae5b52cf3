import ArgumentParser

/// `serve` when the binary is called `daprd`.
struct DaprdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daprd",
        abstract: "Serve one app's runtime with daprd's flags, by Mecha.",
        discussion: """
            Examples:
              daprd --app-id orders --app-port 3000 --resources-path ./resources
              daprd -app-id orders -dapr-http-port 3500 -dapr-grpc-port 50001
            """)

    @OptionGroup var flags: ServeFlags

    func run() async throws { try await ServeCommand.serve(flags) }
}
