/// A guest named memory that it does not have.
package struct WasmMemoryError: Error, Sendable, CustomStringConvertible {
    package var pointer: UInt32
    package var count: UInt32
    package var memoryBytes: Int

    package init(pointer: UInt32, count: UInt32, memoryBytes: Int) {
        self.pointer = pointer
        self.count = count
        self.memoryBytes = memoryBytes
    }

    package var description: String { "\(count) bytes at \(pointer) are outside of the guest's memory of \(memoryBytes) bytes" }
}
