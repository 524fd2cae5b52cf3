import MechaHost

extension AppOptions {
    /// Takes over what the environment tells a runtime (section 3.2 of the Dapr surface).
    mutating func apply(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let token = value("DAPR_API_TOKEN") { apiToken = token }
        if let token = value("APP_API_TOKEN") { appAPIToken = token }
        if let name = value("NAMESPACE") { namespace = name }
        if let flag = value("DAPR_HTTP_DISABLE_H2C"), ArgumentNormalizer.boolean(flag) == true { isH2CEnabled = false }
    }

    /// Where no resources or configuration were given, what `dapr init` has left in Dapr's folder is
    /// used. Without that either, the lists stay empty and the embedded defaults apply.
    mutating func applyDefaultPaths(_ folders: HomeFolders) {
        if resourcesPaths.isEmpty, FileStatus(path: folders.daprComponents)?.isDirectory == true {
            resourcesPaths = [folders.daprComponents]
        }
        if configPaths.isEmpty, FileStatus(path: folders.daprConfig) != nil {
            configPaths = [folders.daprConfig]
        }
    }

    /// Throws for a resources or configuration path that does not exist.
    func checkPaths() throws(CommandError) {
        for path in resourcesPaths where FileStatus(path: absolute(path)) == nil {
            throw CommandError("There is no folder or file '\(path)'", hint: "check --resources-path")
        }
        for path in configPaths where FileStatus(path: absolute(path)) == nil {
            throw CommandError("There is no file '\(path)'", hint: "check --config")
        }
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(workingDirectory)/\(path)"
    }
}
