import MechaCore

extension FunctionGrants {
    package var json: JSON {
        .object([
            .init("state", .strings(state)), .init("pubsub", .strings(pubsub)), .init("bindings", .strings(bindings)),
            .init("secrets", .strings(secrets)), .init("configuration", .strings(configuration)), .init("locks", .strings(locks)),
            .init("invoke", .strings(invoke)), .init("env", .strings(env)), .init("arguments", .strings(arguments)),
            .init("clock", .bool(clock)), .init("random", .bool(random)), .init("stdout", .bool(stdout)),
            .init("wasi", .bool(wasi)),
            .init(
                "folders",
                .object(
                    folders.sorted { $0.key < $1.key }.map {
                        .init($0.key, ["path": .string($0.value.path), "writable": .bool($0.value.isWritable)])
                    })),
        ])
    }

    /// What is not said is not granted.
    package init(_ json: JSON) {
        self.init()
        func names(_ member: String) -> [String] { json[member]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        state = names("state")
        pubsub = names("pubsub")
        bindings = names("bindings")
        secrets = names("secrets")
        configuration = names("configuration")
        locks = names("locks")
        invoke = names("invoke")
        env = names("env")
        arguments = names("arguments")
        clock = json["clock"]?.boolValue ?? false
        random = json["random"]?.boolValue ?? false
        stdout = json["stdout"]?.boolValue ?? false
        wasi = json["wasi"]?.boolValue ?? false
        for folder in json["folders"]?.objectValue ?? [] {
            guard let path = folder.value["path"]?.stringValue else { continue }
            folders[folder.name] = Folder(path: path, isWritable: folder.value["writable"]?.boolValue ?? false)
        }
    }
}

extension JSON {
    static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
    static func strings(_ values: [String: String]) -> JSON {
        .object(values.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
    }
    /// An object's members that are strings.
    var stringMap: [String: String] {
        Dictionary((objectValue ?? []).compactMap { member in member.value.stringValue.map { (member.name, $0) } }) { $1 }
    }
}
