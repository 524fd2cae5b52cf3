import ArgumentParser
import MechaFunctions

/// `mecha fn new`.
struct FunctionNewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a folder with a function to begin with.",
        discussion: """
            In C, which clang compiles as it comes. There are kits for other languages in the project's folder guests.

            Examples:
              mecha fn new hello
              mecha fn new hello ./functions/hello
            """)

    @Argument(help: "The function's name.")
    var name: String

    @Argument(help: "The folder to make (default: one of that name here).")
    var folder: String?

    func run() throws {
        let context = CommandContext.current
        do {
            try FunctionBase.check(name: name)
        } catch {
            throw CommandError(error.message)
        }
        let folder = folder ?? name
        guard FileStatus(path: folder) == nil else { throw CommandError("There is a '\(folder)' already", hint: "name another folder") }
        do {
            try Files.makeDirectory(folder)
            try Files.write(String(decoding: PackageResources.mecha_h, as: UTF8.self), to: "\(folder)/mecha.h")
            try Files.write(String(decoding: PackageResources.hello_c, as: UTF8.self), to: "\(folder)/\(name).c")
            try Files.write(resource, to: "\(folder)/\(FunctionFile.name)")
        } catch {
            throw CommandError("The folder cannot be made: \(error)")
        }
        context.console.data(folder)
        context.console.note("Next: mecha fn build \(folder) && mecha fn deploy \(folder)")
    }

    private var resource: String {
        """
        apiVersion: mecha.io/v1alpha1
        kind: Function
        metadata:
          name: \(name)
        spec:
          source:
            file: \(name).wasm
          grants:
            state: [statestore]
          build:
            command: clang --target=wasm32-unknown-unknown -Os -nostdlib -Wl,--no-entry -o \(name).wasm \(name).c

        """
    }
}
