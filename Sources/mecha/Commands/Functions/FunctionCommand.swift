import ArgumentParser

/// `mecha fn`: WebAssembly functions in a running runtime.
struct FunctionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fn",
        abstract: "Deploy, call and watch WebAssembly functions.",
        discussion: """
            Functions live in a runtime process that 'mecha serve' or 'mecha run' started; they outlive it in its data \
            directory. Each deployment makes a revision; aliases say which revisions get the calls. The alias prod is \
            the one that callers get who name none.

            Examples:
              mecha serve &
              mecha fn deploy hello hello.wasm
              curl http://127.0.0.1:2045/hello
              mecha fn deploy hello hello2.wasm --percent 10
              mecha fn rollback hello
            """,
        subcommands: [
            FunctionNewCommand.self, FunctionBuildCommand.self, FunctionPackageCommand.self, FunctionDeployCommand.self,
            FunctionListCommand.self,
            FunctionDescribeCommand.self, FunctionInvokeCommand.self, FunctionLogsCommand.self, FunctionUsageCommand.self,
            FunctionAliasCommand.self, FunctionPromoteCommand.self, FunctionRollbackCommand.self, FunctionReleaseCommand.self,
            FunctionWatchCommand.self,
            FunctionDeleteCommand.self,
        ])
}
