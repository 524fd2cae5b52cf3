/// WebAssembly in this process: engines, modules, instances and calls, over wasmtime's C API, which is loaded at run
/// time. Knows nothing of apps or of what guests are for: an interface between guests and the runtime (an ABI) is a
/// list of ``WasmHostFunction``s and calls of exports, and is written above this.
///
/// May import MechaCore and MechaWire (for the event loops that calls stay on).
package enum MechaWasm {}
