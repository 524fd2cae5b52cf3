import Logging

extension Logger.Level {
    /// 0 trace, 1 debug, 2 info, 3 warning, 4 error, 5 and above critical, as in proxy-wasm.
    init(guest level: UInt32) {
        self =
            switch level {
            case 0: .trace
            case 1: .debug
            case 2: .info
            case 3: .warning
            case 4: .error
            default: .critical
            }
    }
}
