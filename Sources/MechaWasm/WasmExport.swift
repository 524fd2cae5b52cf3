import CWasmtime

/// An exported function of one instance.
package struct WasmExport {
    package let name: StaticString
    var pointer: wasmtime_func_t
}
