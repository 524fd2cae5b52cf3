/// A function that guests import.
package struct WasmHostFunction: Sendable {
    package enum Body: Sendable {
        /// Answers at once; the number is cut to the result's type, and no matter without a result.
        case immediate(@Sendable (WasmCaller) throws -> Int64)
        /// May wait; its one result is an `i32`.
        case suspending(@Sendable (WasmCaller) throws -> WasmReply)
    }

    package var module: String
    package var name: String
    package var signature: WasmSignature
    package var body: Body

    /// A function that answers at once.
    package init(
        _ module: String, _ name: String, _ parameters: [WasmType], _ results: [WasmType] = [.i32],
        _ body: @escaping @Sendable (WasmCaller) throws -> Int64
    ) {
        self.module = module
        self.name = name
        signature = WasmSignature(parameters, results)
        self.body = .immediate(body)
    }

    /// A function that may wait.
    package init(
        suspending module: String, _ name: String, _ parameters: [WasmType], _ body: @escaping @Sendable (WasmCaller) throws -> WasmReply
    ) {
        self.module = module
        self.name = name
        signature = WasmSignature(parameters, [.i32])
        self.body = .suspending(body)
    }
}

/// What a function that may wait answers.
package enum WasmReply: Sendable {
    case now(Int32)
    /// Runs while the guest is put aside, and must not touch it; what it returns is run when the guest goes on, may
    /// write into its memory, and gives the result.
    case later(@Sendable () async -> WasmCompletion)
}

package typealias WasmCompletion = @Sendable (WasmInstance) throws -> Int32
