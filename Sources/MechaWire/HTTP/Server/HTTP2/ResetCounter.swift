/// Tells a client that opens streams only to reset them ("rapid reset") from one that now and then gives
/// up: too many resets in a time window, and more than half of the streams opened in it.
struct ResetCounter {
    let limit: Int
    private var window: UInt32 = 0
    private var resets = 0
    private var opened = 0

    init(limit: Int) { self.limit = limit }

    mutating func streamOpened() { opened += 1 }

    /// Counts a reset in the time window numbered `window`; true if it is one too many.
    mutating func resetReceived(window: UInt32) -> Bool {
        if window != self.window {
            self.window = window
            resets = 0
            opened = 0
        }
        resets += 1
        return resets > limit && resets * 2 > opened
    }
}
