import ArgumentParser
import MechaCore

/// `mecha fn watch`.
struct FunctionWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Build and deploy a function's folder at every save.",
        discussion: """
            Runs spec.build.command, puts the requests of spec.tests to the new revision, gives it the alias dev when it \
            answers them as they say, prints its URL, and shows the function's log lines until interrupted. A build, a \
            module or a test that fails leaves the alias where it is.

            Examples:
              mecha fn watch ./hello
              mecha fn watch ./hello --alias mine
            """)

    private static let pause = Duration.milliseconds(300)

    @Argument(help: "The folder, or its Function resource.")
    var folder = "."

    @Option(help: "The alias that gets each new revision (default: dev).")
    var alias: String?

    @OptionGroup var target: FunctionTarget

    func run() async throws {
        let context = CommandContext.current
        let console = context.console
        let api = try await target.api()
        var seen: [String: FileVersion]?
        var built: [UInt8]?
        var line = 0
        while true {
            let file = try? FunctionFile.load(folder, context)
            let now = FileVersion.all(in: file?.folder ?? folder, besides: file?.modulePath)
            if now != seen {
                seen = now
                do {
                    let file = try FunctionFile.load(folder, context)
                    try await publish(file, &built, api, console)
                } catch {
                    console.failure("\(error)")
                }
                // What the build wrote is no change by hand.
                seen = FileVersion.all(in: file?.folder ?? folder, besides: file?.modulePath)
            }
            if let name = file?.resource.name { await tail(name, api, console, &line) }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func publish(_ file: FunctionFile, _ built: inout [UInt8]?, _ api: FunctionsAPI, _ console: Console) async throws {
        if let build = file.resource.spec.build {
            let code = try ShellCommand.run(build.command, in: file.folder)
            guard code == 0 else { throw CommandError("The build failed with exit code \(code)") }
        }
        let module = try Files.read(file.modulePath)
        var deployment = file.deployment
        deployment.alias = alias ?? "dev"
        // They may call through aliases that the function does not have yet.
        deployment.triggers = nil
        guard module != built else { return }
        let digest = try await api.upload(module)
        let name = file.resource.name
        let answer = try await api.deploy(name, digest: digest, deployment, tests: file.resource.spec.tests)
        built = module
        if !file.resource.spec.tests.isEmpty { console.note("\(file.resource.spec.tests.count) tests passed") }
        let url = FunctionListing.text(answer["function"]?["url"])
        console.data("\(name) revision \(FunctionListing.text(answer["revision"])): \(url)@\(alias ?? "dev")")
    }

    private func tail(_ name: String, _ api: FunctionsAPI, _ console: Console, _ last: inout Int) async {
        guard let lines = try? await api.get(FunctionsAPI.path(name, "/logs?after=\(last)&count=500")).arrayValue else { return }
        for line in lines { console.note("\(FunctionListing.text(line["level"])) \(FunctionListing.text(line["message"]))") }
        last = lines.last?["number"]?.intValue ?? last
    }
}
