import MechaCore

/// Where `bindings.localstorage` keeps files.
struct LocalStorageSettings: Sendable {
    /// Whether the data of a new file is base 64 text.
    enum Decoding: String, Sendable, CaseIterable {
        /// What can be read as base 64 is decoded, everything else kept, as Dapr does.
        case auto
        case always = "true"
        case never = "false"
    }

    var rootPath: String
    /// For requests that name none.
    var fileName: String?
    var decoding: Decoding

    static let fields: [MetadataField] = [
        MetadataField("rootPath", .string, required: true, "Folder of the files, created when missing; relative to the working directory"),
        MetadataField("fileName", .string, "File of requests whose metadata names none"),
        MetadataField(
            "decodeBase64", .string, default: "auto", choices: Decoding.allCases.map(\.rawValue),
            "Whether data of create is base 64: true, false, or auto for decoding whatever can be; also per request"),
        MetadataField("direction", .string, "input, output or both, with commas; this binding has only output"),
    ]

    /// Throws ``MetadataError``.
    init(_ metadata: ComponentMetadata, workingDirectory: String) throws {
        let path = try metadata.required("rootPath")
        rootPath = path.hasPrefix("/") ? path : "\(workingDirectory)/\(path)"
        fileName = metadata.string("fileName")
        decoding = Decoding(rawValue: try metadata.choice("decodeBase64", of: Decoding.allCases.map(\.rawValue), default: "auto")) ?? .auto
    }
}
