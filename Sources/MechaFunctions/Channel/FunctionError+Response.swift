import MechaCore
import MechaInvocation
import MechaWire
import NIOCore
import NIOHTTP1

// What callers hear of a call that the function did not answer.
extension FunctionError {
    package var httpStatus: HTTPResponseStatus {
        switch code {
        case .trapped, .failed, .invalidModule, .missingImport: .internalServerError
        case .timedOut: .gatewayTimeout
        case .outOfMemory: .insufficientStorage
        case .requestTooLarge: .payloadTooLarge
        case .responseTooLarge: .badGateway
        case .busy, .closed, .engineUnavailable: .serviceUnavailable
        }
    }

    package var grpcCode: GRPCStatus.Code {
        switch code {
        case .trapped, .failed: .internal
        case .invalidModule, .missingImport: .failedPrecondition
        case .timedOut: .deadlineExceeded
        case .outOfMemory, .requestTooLarge, .responseTooLarge: .resourceExhausted
        case .busy, .closed, .engineUnavailable: .unavailable
        }
    }

    /// `ERR_FUNCTION_TIMED_OUT`.
    private var errorCode: String {
        var name = ""
        for character in code.rawValue {
            if character.isUppercase { name += "_" }
            name += character.uppercased()
        }
        return "ERR_FUNCTION_\(name)"
    }

    /// - Parameter isGRPC: whether the caller speaks gRPC.
    package func response(of function: String, isGRPC: Bool) -> AppResponse {
        let message = "the function \(function) did not answer: \(self.message)"
        if isGRPC { return AppResponse(.grpc(GRPCStatus(grpcCode, message))) }
        return AppResponse(
            .http(httpStatus), headers: httpStatus == .serviceUnavailable ? ["retry-after": "1"] : [:],
            contentType: "application/json", body: FunctionAnswer.error(errorCode, message))
    }
}

/// Answers about functions that are not the functions' own.
package enum FunctionAnswer {
    package static func error(_ code: String, _ message: String) -> ByteBuffer {
        JSON.object([.init("errorCode", .string(code)), .init("message", .string(message))]).buffer
    }
}
