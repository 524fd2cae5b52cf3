/// A message on its way into the file, and who waits for that.
struct BusPublication: Sendable {
    enum Waiter: Sendable {
        case one(UnsafeContinuation<Void, any Error>)
        /// One of several messages: the receipt and the message's place among its outcomes.
        case many(BusReceipt, Int)
    }

    let body: BusMessage
    let waiter: Waiter

    /// Tells what has become of it; must be called once.
    func settle(_ error: (any Error)?) {
        switch waiter {
        case .one(let continuation): if let error { continuation.resume(throwing: error) } else { continuation.resume() }
        case .many(let receipt, let index): receipt.settle(index, error)
        }
    }
}
