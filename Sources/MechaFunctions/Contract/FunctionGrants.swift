/// What a function may reach. Nothing is granted by default; a module that imports what it was not granted is
/// refused when it is deployed, by the import's name.
public struct FunctionGrants: Sendable, Hashable, Codable {
    /// Names of state stores; `*` is every one of the app. Likewise below.
    public var state: [String] = []
    public var pubsub: [String] = []
    public var bindings: [String] = []
    public var secrets: [String] = []
    public var configuration: [String] = []
    public var locks: [String] = []
    /// Ids of apps and functions that may be called.
    public var invoke: [String] = []
    /// Names of environment variables of the process that are passed on.
    public var env: [String] = []
    public var arguments: [String] = []
    public var clock = false
    public var random = false
    /// Standard output and error go to the log.
    public var stdout = false
    /// All of WASI may be imported; what is not granted by itself is there and closed: no variables, no folders, no
    /// network, nothing written, clocks that stand still. For tools that import everything.
    public var wasi = false
    /// Folders of the host by the path under which the guest sees them.
    public var folders: [String: Folder] = [:]

    public struct Folder: Sendable, Hashable, Codable {
        public var path: String
        public var isWritable = false

        public init(path: String, isWritable: Bool = false) {
            self.path = path
            self.isWritable = isWritable
        }
    }

    public init() {}
}
