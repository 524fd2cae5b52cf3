import NIOCore

/// What a call may use, and has used.
package struct WasmBudget: Sendable {
    /// Processor time, in nanoseconds.
    package var cpuNanosecondsAtMost: UInt64
    /// When the call has to be over; nil for never.
    package var deadline: NIODeadline?
    /// Fuel, of engines that meter it: about one for each instruction of the guest.
    package var fuelAtMost: UInt64 = .max
    package internal(set) var cpuNanoseconds: UInt64 = 0
    package internal(set) var fuel: UInt64 = 0

    package init(cpuNanosecondsAtMost: UInt64 = .max, deadline: NIODeadline? = nil, fuelAtMost: UInt64 = .max) {
        self.fuelAtMost = fuelAtMost
        self.cpuNanosecondsAtMost = cpuNanosecondsAtMost
        self.deadline = deadline
    }
}
