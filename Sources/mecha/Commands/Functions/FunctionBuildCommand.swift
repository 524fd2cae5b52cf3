import ArgumentParser
import MechaCore

/// `mecha fn build`.
struct FunctionBuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build the module of a function's folder.",
        discussion: """
            Runs spec.build.command of the folder's function.yaml, in that folder, by the shell. Prints the module's path.

            With --test, a running runtime answers the requests of spec.tests with it first, as a function of its own that is \
            deleted again.

            Examples:
              mecha fn build ./hello
              mecha fn build ./hello --test
              mecha fn build ./hello && mecha fn deploy ./hello
            """)

    @Argument(help: "The folder, or its Function resource.")
    var folder = "."

    @Flag(help: "Put the requests of spec.tests to what was built.")
    var test = false

    @OptionGroup var target: FunctionTarget

    func run() async throws {
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
        if test { try await test(file, context.console) }
        context.console.data(file.modulePath)
    }

    private func test(_ file: FunctionFile, _ console: Console) async throws {
        let tests = file.resource.spec.tests
        guard !tests.isEmpty else {
            throw CommandError("\(file.resource.source.file) has no tests", hint: "add spec.tests")
        }
        let api = try await target.api()
        // Beside the function itself, which may be there, and like no other build of it.
        let name = "\(file.resource.name.prefix(40))-test-\(UInt32.random(in: 0...0xffff))"
        var deployment = file.deployment
        deployment.alias = nil
        deployment.triggers = nil
        let digest = try await api.upload(try Files.read(file.modulePath))
        let problems: [String]
        do {
            let answer = try await api.deploy(name, digest: digest, deployment, tests: [])
            guard let revision = answer["revision"]?.intValue, let url = answer["function"]?["url"]?.stringValue else {
                throw CommandError("The runtime's answer is not understood")
            }
            problems = try await FunctionVerifier(url: url).run(tests, function: name, revision: revision)
        } catch {
            _ = try? await api.call(.DELETE, FunctionsAPI.path(name))
            throw error
        }
        _ = try await api.call(.DELETE, FunctionsAPI.path(name))
        guard problems.isEmpty else { throw CommandError("What was built fails its tests: \(problems.joined(separator: "; "))") }
        console.note("\(tests.count) tests passed")
    }
}
