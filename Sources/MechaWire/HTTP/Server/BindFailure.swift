import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Says in plain words why a listener could not open.
enum BindFailure {
    static func error(for cause: any Error, host: String, port: Int) -> WireError {
        let message =
            switch (cause as? IOError)?.errnoCode {
            case EADDRINUSE: "port \(port) is in use"
            case EACCES, EPERM: "no permission to listen on port \(port)"
            case EADDRNOTAVAIL: "\(host) is not an address of this machine"
            default: "cannot listen on \(host):\(port): \(cause)"
            }
        return WireError(.bindFailed, message, cause: cause)
    }

    static func error(for cause: any Error, path: String) -> WireError {
        let message =
            switch (cause as? IOError)?.errnoCode {
            case EADDRINUSE: "the socket \(path) is in use"
            case EACCES, EPERM: "no permission to create the socket \(path)"
            case ENOENT, ENOTDIR: "the folder of the socket \(path) does not exist"
            case _ where (cause as? SocketAddressError) == .unixDomainSocketPathTooLong:
                "the path of the socket \(path) is longer than the system takes (about 100 bytes): choose another folder"
            default: "cannot listen on the socket \(path): \(cause)"
            }
        return WireError(.bindFailed, message, cause: cause)
    }
}
