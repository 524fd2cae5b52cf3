import ArgumentParser
import MechaCore
import MechaHost
import MechaRuntime

/// `mecha serve`: the runtime alone, as `daprd` is.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve one app's runtime without starting the app.",
        discussion: """
            Without an app id it is a place for functions (see 'mecha fn'). Takes the flags of daprd, with one or two dashes. Unlike daprd it listens on loopback only, \
            unless --dapr-listen-addresses says otherwise.

            Examples:
              mecha serve
              mecha serve --app-id orders --app-port 3000
              mecha serve --app-id orders --dapr-listen-addresses 0.0.0.0 --resources-path ./resources
            """)

    @OptionGroup var flags: ServeFlags

    func run() async throws { try await Self.serve(flags) }

    static func serve(_ flags: ServeFlags) async throws {
        let context = CommandContext.current
        if flags.isVersionAsked {
            context.console.data(MechaVersion.daprCompatibility)
        } else if flags.isBuildInfoAsked {
            context.console.data("Version: \(MechaVersion.daprCompatibility)\nMecha Version: \(MechaVersion.current)")
        } else if flags.isWaiting {
            try await RuntimeWait(port: flags.app.daprHTTPPort?.number ?? 3500, environment: context.environment).run()
        } else {
            var session = try RunSession(plan: try flags.plan(in: context), context: context)
            let code = await session.run()
            if code != 0 { throw ExitCode(code) }
        }
    }
}
