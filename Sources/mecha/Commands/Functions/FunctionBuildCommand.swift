import ArgumentParser

/// `mecha fn build`.
struct FunctionBuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build the module of a function's folder.",
        discussion: """
            Runs spec.build.command of the folder's function.yaml, in that folder, by the shell. Prints the module's path.

            Examples:
              mecha fn build ./hello
              mecha fn build ./hello && mecha fn deploy ./hello
            """)

    @Argument(help: "The folder, or its Function resource.")
    var folder = "."

    func run() throws {
        let context = CommandContext.current
        let file = try FunctionFile.load(folder, context)
        guard let build = file.resource.spec.build else {
            throw CommandError("\(file.resource.source.file) says not how to build", hint: "add spec.build.command")
        }
        let code = try ShellCommand.run(build.command, in: file.folder)
        guard code == 0 else { throw CommandError("The build failed with exit code \(code)") }
        guard FileStatus(path: file.modulePath) != nil else {
            throw CommandError("The build made no '\(file.modulePath)'", hint: "check spec.source.file and spec.build.command")
        }
        context.console.data(file.modulePath)
    }
}
