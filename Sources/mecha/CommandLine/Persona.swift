/// The program that the binary plays. It is told by the name under which it was called, so that one
/// file linked as `dapr` and `daprd` stands in for both.
enum Persona: String, Sendable, CaseIterable {
    case mecha, dapr, daprd

    /// `programPath` is the first argument of the process (`argv[0]`).
    init(programPath: String) {
        let name = programPath.split(separator: "/").last.map(String.init) ?? programPath
        self = Persona(rawValue: name) ?? .mecha
    }
}
