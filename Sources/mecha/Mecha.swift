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
    /// Not `async`: what an asynchronous main does first runs on a thread of the pool already, and signals
    /// can be taken over only while the process has one thread.
    static func main() {
        let programName = CommandLine.unsafeArgv[0].map { String(cString: $0) }
        if ProcessGuard.isAskedFor(programName) { ProcessGuard.run(CommandLine.unsafeArgv + 1) }
        let runner = CommandRunner(
            persona: Persona(programPath: programName ?? ""), environment: ProcessEnvironment.read(),
            arguments: Array(CommandLine.arguments.dropFirst()))
        let signals = runner.hostsRuntime ? SignalWatcher() : nil
        // Detached, because a task of main's own would wait for this thread.
        Task.detached { exit(await runner.run(signals: signals)) }
        while true { pause() }
    }
}
