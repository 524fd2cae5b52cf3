import ArgumentParser
import MechaCore
import MechaFunctions

/// `mecha fn package`.
struct FunctionPackageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "package", abstract: "Put a module into an image.",
        discussion: """
            Takes a module, or a folder with a Function resource whose module was built. Writes an OCI layout (a folder, or \
            an archive where the path ends in .tar), or brings the image to a registry. The form 'artifact' is the CNCF's \
            for WebAssembly; 'image' is a plain image with the module and a command, which runs where containers run. Prints \
            the image's digest.

            Examples:
              mecha fn package hello.wasm --to hello.tar
              mecha fn package ./hello --to ./hello-image --form image
              mecha fn package ./hello --push registry.example/hello:1.2
            """)

    @Argument(help: "The module, or a folder with a Function resource.")
    var source = "."

    @Option(help: "Where the image is written to: a folder, or a path that ends in .tar.")
    var to: String?

    @Option(help: ArgumentHelp("The name in a registry that the image is brought to.", valueName: "image"))
    var push: String?

    @Option(help: "artifact, or image (default: artifact).")
    var form: String?

    @Option(help: "The image's name in a layout (default: latest).")
    var tag = "latest"

    @Flag(help: "Speak plain HTTP with a registry of another machine, if it speaks no TLS.")
    var insecure = false

    @Option(name: .shortAndLong, help: "How to show the result.")
    var output: OutputFormat = .table

    func validate() throws {
        if to == nil, push == nil { throw ValidationError("expected --to PATH or --push IMAGE") }
    }

    func run() async throws {
        let context = CommandContext.current
        guard let form = ImagePackage.Form(rawValue: form ?? ImagePackage.Form.artifact.rawValue) else {
            throw CommandError(
                "'\(form ?? "")' is no form of an image",
                hint: "expected one of \(ImagePackage.Form.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        var path = source
        var name = source.split(separator: "/").last.map(String.init) ?? source
        if name.hasSuffix(".wasm") { name.removeLast(5) }
        if FileStatus(path: source)?.isDirectory == true || source.hasSuffix(".yaml") || source.hasSuffix(".yml") {
            let file = try FunctionFile.load(source, context)
            path = file.modulePath
            name = file.resource.name
        }
        let pushed: String?
        let package: ImagePackage
        do throws(FunctionBaseError) {
            package = try ImagePackage(
                try await ModuleFiles.module(at: path).bytes, name: String(name.prefix(60)), form: form, tag: tag)
            if let to { try package.write(to: to) }
            if let push {
                let reference = try ImageReference(push)
                pushed = try await ModuleSource.withRegistry(context) { registry throws(FunctionBaseError) in
                    try await registry.push(package, to: reference, isInsecure: insecure).description
                }
            } else {
                pushed = nil
            }
        } catch {
            throw CommandError("The image cannot be made: \(error.message)")
        }
        var members: [JSON.Member] = [.init("digest", .string(package.digest)), .init("form", .string(form.rawValue))]
        if let to { members.append(.init("path", .string(to))) }
        if let pushed { members.append(.init("image", .string(pushed))) }
        try context.console.show(.object(members), as: output) { pushed ?? package.digest }
    }
}
