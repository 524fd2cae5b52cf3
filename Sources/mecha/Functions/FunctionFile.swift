import MechaCore
import MechaFunctions
import MechaManifest

/// The Function resource of a project folder.
struct FunctionFile {
    static let name = "function.yaml"

    let resource: FunctionResource
    /// Of the resource's file, absolute.
    let folder: String

    /// - Parameter path: the file, or a folder that has one called `function.yaml`.
    static func load(_ path: String, _ context: CommandContext) throws(CommandError) -> FunctionFile {
        let isFolder = FileStatus(path: path)?.isDirectory == true
        let file = Files.absolute(isFolder ? "\(path)/\(name)" : path)
        guard FileStatus(path: file) != nil else {
            throw CommandError("There is no '\(isFolder ? "\(path)/\(name)" : path)'", hint: "make one with: mecha fn new NAME")
        }
        let report = ManifestLoader(environment: context.environment).load(paths: [file])
        for warning in report.warnings { context.console.note("\(warning)") }
        if let error = report.errors.first {
            throw CommandError("\(error)", hint: report.errors.count > 1 ? "and \(report.errors.count - 1) more" : nil)
        }
        guard let resource = report.resources.functions.first, report.resources.functions.count == 1 else {
            throw CommandError(
                "\(file) declares \(report.resources.functions.count) functions", hint: "expected one resource of kind Function")
        }
        return FunctionFile(resource: resource, folder: file.lastIndex(of: "/").map { String(file[..<$0]) } ?? ".")
    }

    var deployment: FunctionDeployment { FunctionDeployment(resource.spec, folder: folder) }

    /// The module's path, or the name of its image.
    var moduleSource: String { resource.spec.source.image.map { "oci://\(ImageReference.withoutScheme($0))" } ?? modulePath }

    var modulePath: String {
        let file = resource.spec.source.file
        return file.hasPrefix("/") ? file : "\(folder)/\(file)"
    }
}
