// MechaFunctions (L3): WebAssembly functions as apps of the process. `Contract` is what lifecycle and engine know of
// each other; `Engine` and `ABI` run modules; `Store` keeps revisions on disk; `Traffic` decides which revision a call
// gets; `Channel` makes a function an app; `Metering` adds up what it used; `Hosting` puts functions into a process
// and takes them out again. It may import L0, L1 and the modules of L3 that stand before it.
