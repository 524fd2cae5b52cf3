import MechaCore
import NIOCore

/// One connection of a driver, as ``LastingLink`` needs it. Confined to its event loop.
package protocol LastingConnection: ChannelHandler, AnyObject, Sendable {
    /// What the server said when it let the driver in.
    associatedtype Greeting

    /// Called once when the connection can be used.
    var onReady: ((Greeting) -> Void)? { get set }
    /// Called once when the connection is gone or could not be had.
    var onLoss: ((CapabilityError) -> Void)? { get set }

    /// Says good-bye after what is unsent, and closes.
    func disconnect()
    /// Gives the connection up at once.
    func close(_ reason: CapabilityError)
}
