import MechaProto

/// Server reflection, stable (`grpc.reflection.v1`) and as older clients ask for it (`v1alpha`).
///
/// Knows the descriptors of `Protos/`; they are decoded when the first question comes.
public struct GRPCReflection: Sendable {
    private static let v1alpha = RPC<Grpc_Reflection_V1_ServerReflectionRequest, Grpc_Reflection_V1_ServerReflectionResponse>(
        "grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo",
        path: "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", clientStreams: true, serverStreams: true)

    private var services: [String]

    /// Adds the service to `router`. It names the services that `router` answers by now.
    public static func register(in router: inout GRPCRouter) {
        let rpcs = [ServerReflectionMethods.serverReflectionInfo, v1alpha]
        let services = Set(router.services).union(rpcs.map(\.method.service)).sorted()
        let reflection = GRPCReflection(services: services)
        for rpc in rpcs {
            router.bidirectional(rpc) { requests, responses, _ in
                while let request = try await requests.next() { try await responses.send(reflection.answer(request)) }
            }
        }
    }

    private func answer(_ request: Grpc_Reflection_V1_ServerReflectionRequest) -> Grpc_Reflection_V1_ServerReflectionResponse {
        .with {
            $0.validHost = request.host
            $0.originalRequest = request
            $0.messageResponse = answer(request.messageRequest)
        }
    }

    private func answer(
        _ question: Grpc_Reflection_V1_ServerReflectionRequest.OneOf_MessageRequest?
    ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
        switch question {
        case .listServices:
            return .listServicesResponse(.with { $0.service = services.map { name in .with { $0.name = name } } })
        case .fileByFilename(let name):
            return files(DescriptorIndex.shared.files(from: name), "file")
        case .fileContainingSymbol(let symbol):
            return files(DescriptorIndex.shared.files(declaring: symbol), "symbol")
        case .fileContainingExtension:
            // Extensions are a matter of proto2, which none of our files is.
            return error(.notFound, "extension not found")
        case .allExtensionNumbersOfType(let type):
            guard DescriptorIndex.shared.files(declaring: type) != nil else { return error(.notFound, "type not found") }
            return .allExtensionNumbersResponse(.with { $0.baseTypeName = type })
        case nil:
            return error(.invalidArgument, "the request asks nothing")
        }
    }

    private func files(
        _ files: [DescriptorIndex.File]?, _ kind: String
    ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
        guard let files else { return error(.notFound, "\(kind) not found") }
        return .fileDescriptorResponse(.with { $0.fileDescriptorProto = files.map(\.bytes) })
    }

    private func error(
        _ code: GRPCStatus.Code, _ message: String
    ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
        .errorResponse(
            .with {
                $0.errorCode = Int32(code.rawValue)
                $0.errorMessage = message
            })
    }
}
