import NIOCore

/// What a call may use, and has used.
package struct WasmBudget: Sendable {
    /// Processor time, in nanoseconds.
    package var cpuNanosecondsAtMost: UInt64
    /// When the call has to be over; nil for never.
    package var deadline: NIODeadline?
    package internal(set) var cpuNanoseconds: UInt64 = 0

    package init(cpuNanosecondsAtMost: UInt64 = .max, deadline: NIODeadline? = nil) {
        self.cpuNanosecondsAtMost = cpuNanosecondsAtMost
        self.deadline = deadline
    }
}
