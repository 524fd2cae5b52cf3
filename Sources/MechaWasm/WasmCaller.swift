/// A guest's call of a host function: its arguments, and the instance that called.
///
/// Valid until the function returns. What is read from the guest's memory has to be copied before anything waits.
package struct WasmCaller {
    package let instance: WasmInstance
    private let base: UnsafeRawPointer
    /// Arguments lie in records of two forms; this is where the value lies in one.
    private let stride: Int
    private let offset: Int

    init(_ instance: WasmInstance, arguments: UnsafeRawPointer, stride: Int, offset: Int) {
        self.instance = instance
        base = arguments
        self.stride = stride
        self.offset = offset
    }

    /// The argument as a pointer, a length or another number of 32 bits.
    package subscript(index: Int) -> UInt32 { base.load(fromByteOffset: index * stride + offset, as: UInt32.self) }

    package func int32(_ index: Int) -> Int32 { base.load(fromByteOffset: index * stride + offset, as: Int32.self) }

    package func int64(_ index: Int) -> Int64 { base.load(fromByteOffset: index * stride + offset, as: Int64.self) }
}
