// mecha (L5): the command line. One binary that is `mecha`, and under the names `dapr` and `daprd` behaves
// as those programs do. It turns arguments into options for MechaRuntime, which does the work in this same
// process, and looks after the apps' processes. One file per command under Commands; Run holds the course
// of `run` and `serve`, Supervision the processes. It may import MechaRuntime and what lies below it, but
// no component and no Foundation.

import CProcess

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@main
struct Mecha {
    /// On the main thread throughout: `run` and `serve` take over signals while no other thread exists.
    @MainActor
    static func main() async {
        let programName = CommandLine.unsafeArgv[0].map { String(cString: $0) }
        if ProcessGuard.isAskedFor(programName) { ProcessGuard.run(CommandLine.unsafeArgv + 1) }
        let runner = CommandRunner(persona: Persona(programPath: programName ?? ""), environment: ProcessEnvironment.read())
        exit(await runner.run(Array(CommandLine.arguments.dropFirst())))
    }
}
