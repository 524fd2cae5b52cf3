extension WasmInstance {
    /// The result of the call that has ended, for exports whose result is an `i64`.
    package var longResult: Int64 { frame.pointee.result.of.i64 }
}
