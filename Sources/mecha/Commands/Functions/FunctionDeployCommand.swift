import ArgumentParser
import MechaCore
import MechaFunctions
import MechaManifest

/// `mecha fn deploy`.
struct FunctionDeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Make a revision of a function and send it calls.",
        discussion: """
            Takes a name and a module, or a folder (or file) with a Function resource. A module is a .wasm file, an image \
            in a folder or an archive (an OCI layout, what 'docker save' writes), or the name of an image in a registry. \
            It is verified before any call goes to it; when it cannot be run, nothing changes.

            Examples:
              mecha fn deploy hello hello.wasm
              mecha fn deploy hello hello.wasm --grant state=statestore --grant clock
              mecha fn deploy hello hello2.wasm --percent 10      a tenth of the calls
              mecha fn deploy hello hello2.wasm --no-traffic      none; try it with 'fn invoke --revision'
              mecha fn deploy hello hello2.wasm --alias dev
              mecha fn deploy hello registry.example/hello:1.2    from a registry
              mecha fn deploy hello hello.tar                     from an image in an archive
              mecha fn deploy ./hello                             what ./hello/function.yaml says
              mecha fn deploy ./hello --verify                    if it answers the tests there as they say
            """)

    @Argument(help: ArgumentHelp("The function's name, or a folder or file with a Function resource.", valueName: "name"))
    var name: String

    @Argument(help: ArgumentHelp("The WebAssembly module, or an image that has it.", valueName: "module"))
    var module: String?

    @Flag(help: "Speak plain HTTP with a registry of another machine, if it speaks no TLS.")
    var insecure = false

    @OptionGroup var flags: FunctionFlags
    @OptionGroup var target: FunctionTarget

    @Option(help: "The alias that sends the revision its calls (default: prod).")
    var alias: String?

    @Option(help: "The part of the alias's calls that it gets (default: 100).")
    var percent: Int?

    @Flag(help: "Send it calls only when it answers the resource's tests as they say.")
    var verify = false

    @Flag(name: .customLong("no-traffic"), help: "Send it no calls.")
    var isWithoutTraffic = false

    @Option(name: .shortAndLong, help: "How to show the result.")
    var output: OutputFormat = .table

    func validate() throws {
        if let percent, !(0...100).contains(percent) { throw ValidationError("--percent takes 0 to 100") }
        if isWithoutTraffic, alias != nil || percent != nil { throw ValidationError("--no-traffic goes without --alias and --percent") }
    }

    func run() async throws {
        let context = CommandContext.current
        var function = name
        var deployment = FunctionDeployment()
        var path = module ?? ""
        var isInsecure = insecure
        var tests: [FunctionSpec.Test] = []
        if module == nil {
            guard name.contains("/") || name == "." || name.hasSuffix(".yaml") || name.hasSuffix(".yml") || FileStatus(path: name) != nil
            else { throw CommandError("The module is missing", hint: "mecha fn deploy \(name) MODULE.wasm") }
            let file = try FunctionFile.load(name, context)
            function = file.resource.name
            deployment = file.deployment
            path = file.moduleSource
            tests = file.resource.spec.tests
            isInsecure = isInsecure || file.resource.spec.source.isInsecure
        }
        try flags.apply(to: &deployment)
        if isWithoutTraffic { deployment.alias = nil } else if let alias { deployment.alias = alias }
        deployment.percent = percent ?? 100
        let found = try await ModuleSource.module(path, isInsecure: isInsecure, context)
        deployment.source = found.source
        let api = try await target.api()
        let digest = try await api.upload(found.bytes)
        if verify, tests.isEmpty {
            throw CommandError("There are no tests to verify it by", hint: "spec.tests of the folder's function.yaml has them")
        }
        let answer = try await api.deploy(function, digest: digest, deployment, tests: verify ? tests : [])
        let described = answer["function"] ?? .null
        try context.console.show(answer, as: output) { Self.text(function, answer, described, deployment) }
    }

    private static func text(_ name: String, _ answer: JSON, _ function: JSON, _ deployment: FunctionDeployment) -> String {
        let url = FunctionListing.text(function["url"])
        let revision = FunctionListing.text(answer["revision"])
        guard let alias = deployment.alias else { return "\(name) revision \(revision) gets no calls yet: \(url)@\(revision)" }
        let weights = FunctionListing.weights(function["aliases"]?[alias] ?? .null)
        return "\(name) revision \(revision) is live (\(alias) \(weights)): \(url)\(alias == FunctionState.defaultAlias ? "" : "@\(alias)")"
    }
}
