/// Where a run template is.
enum RunFile {
    static let defaultName = "dapr.yaml"

    /// The absolute path of the template: `path` itself, or the template in that folder.
    static func locate(_ path: String) throws(CommandError) -> String {
        guard let status = FileStatus(path: path) else {
            throw CommandError("There is no file or folder '\(path)'", hint: "check --run-file")
        }
        if !status.isDirectory {
            guard path.hasSuffix(".yaml") || path.hasSuffix(".yml") else {
                throw CommandError("'\(path)' is not a YAML file", hint: "--run-file takes .yaml, .yml, a folder, or -")
            }
            return Files.absolute(path)
        }
        let file = "\(path)/\(defaultName)"
        guard FileStatus(path: file) != nil else {
            throw CommandError("There is no \(defaultName) in '\(path)'", hint: "name the template file")
        }
        return Files.absolute(file)
    }
}
