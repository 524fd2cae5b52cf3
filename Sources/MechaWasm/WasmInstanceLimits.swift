/// What an instance may have.
package struct WasmInstanceLimits: Sendable, Hashable {
    package var memoryBytes: Int
    package var tableElements: Int

    package init(memoryBytes: Int, tableElements: Int = 100_000) {
        self.memoryBytes = memoryBytes
        self.tableElements = tableElements
    }
}
