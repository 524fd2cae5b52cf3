import MechaFunctions
import MechaWire

/// A module as commands name it: a file, a folder, an archive, or an image in a registry.
enum ModuleSource {
    /// - Parameter name: a path where there is something at it; else, with a slash in it or `oci://` before it, an image.
    static func module(_ name: String, isInsecure: Bool, _ context: CommandContext) async throws(CommandError) -> ImageModule {
        do throws(FunctionBaseError) {
            guard isImage(name) else { return try await ModuleFiles.module(at: name) }
            let reference = try ImageReference(name)
            return try await withRegistry(context) { registry throws(FunctionBaseError) in
                try await registry.pull(reference, isInsecure: isInsecure)
            }
        } catch {
            throw CommandError("Cannot read the module: \(error.message)")
        }
    }

    private static func isImage(_ name: String) -> Bool {
        if ImageReference.withoutScheme(name) != name { return true }
        let path = name.lastIndex(of: "#").map { String(name[..<$0]) } ?? name
        if FileStatus(path: name) != nil || FileStatus(path: path) != nil { return false }
        let looksLikePath = name.hasPrefix(".") || name.hasPrefix("/") || name.hasSuffix(".wasm") || name.hasSuffix(".tar")
        return !looksLikePath && name.contains("/")
    }

    static func withRegistry<Value: Sendable>(
        _ context: CommandContext, _ body: (ImageRegistry) async throws(FunctionBaseError) -> Value
    ) async throws(FunctionBaseError) -> Value {
        let loops = EventLoops(count: 1)
        let client = HTTPClient(loops: loops)
        let result: Result<Value, FunctionBaseError>
        do throws(FunctionBaseError) {
            result = .success(try await body(ImageRegistry(client: client, environment: context.environment)))
        } catch {
            result = .failure(error)
        }
        await client.close()
        await loops.shutdown()
        return try result.get()
    }
}
