import Testing

@testable import MechaFunctions

@Suite struct ImageReferenceTests {
    private static let digest = "sha256:" + String(repeating: "a", count: 64)

    @Test(
        arguments: [
            ("alpine", "docker.io", "library/alpine", nil, nil, "docker.io/library/alpine:latest"),
            ("team/hello:1.2", "docker.io", "team/hello", "1.2", nil, "docker.io/team/hello:1.2"),
            ("index.docker.io/team/hello", "docker.io", "team/hello", nil, nil, "docker.io/team/hello:latest"),
            ("localhost/hello", "localhost", "hello", nil, nil, "localhost/hello:latest"),
            ("127.0.0.1:5000/a/b/c:x", "127.0.0.1:5000", "a/b/c", "x", nil, "127.0.0.1:5000/a/b/c:x"),
            ("oci://r.example/x@\(digest)", "r.example", "x", nil, digest, "r.example/x@\(digest)"),
            ("docker://r.example/x:1@\(digest)", "r.example", "x", "1", digest, "r.example/x:1@\(digest)"),
            ("[::1]:5000/x:1", "[::1]:5000", "x", "1", nil, "[::1]:5000/x:1"),
        ] as [(String, String, String, String?, String?, String)])
    func `names are read as Docker reads them`(
        _ text: String, _ registry: String, _ repository: String, _ tag: String?, _ digest: String?, _ description: String
    ) throws {
        let reference = try ImageReference(text)
        #expect(reference.registry == registry && reference.repository == repository)
        #expect(reference.tag == tag && reference.digest == digest && reference.description == description)
        #expect(try ImageReference(reference.description).description == description)
    }

    @Test(arguments: [
        "", "/", "a//b", "r.example/", "UPPER/x", "r.example/x:", "r.example/x:-a", "r.example/x:a b", "r.example/x@sha256:12",
        "r.example/x@md5:\(String(repeating: "a", count: 32))", "r.example/../x", "r.example/x?y", "a b.c/x", "r.example/-x",
        "x:\(String(repeating: "t", count: 129))",
    ])
    func `others are refused`(_ text: String) {
        #expect(throws: FunctionBaseError.self) { try ImageReference(text) }
    }

    @Test func `challenges are read`() {
        let bearer = AuthChallenge(#"Bearer realm="https://auth.example/token?a=b",service="reg, one",scope="repository:x:pull,push""#)
        #expect(
            bearer?.scheme == "bearer"
                && bearer?.parameters == [
                    "realm": "https://auth.example/token?a=b", "service": "reg, one", "scope": "repository:x:pull,push",
                ])
        #expect(AuthChallenge(#"BASIC Realm=here, charset="UTF-8""#)?.parameters == ["realm": "here", "charset": "UTF-8"])
        #expect(AuthChallenge(#"x a="q\"uote""#)?.parameters == ["a": "q\"uote"])
        #expect(AuthChallenge("negotiate")?.scheme == "negotiate")
        #expect(AuthChallenge("") == nil && AuthChallenge("Basic nothing") == nil)
    }

    @Test func `passwords are found by any of a registry's names`() throws {
        func taken(_ text: String, _ registry: String) throws -> RegistryCredentials {
            var credentials = RegistryCredentials()
            try credentials.take(try .parse(text), registry)
            return credentials
        }
        #expect(try taken(#"{"auths": {"r.example": {"auth": "YTpiOmM="}}}"#, "r.example").userInfo == "a:b:c")
        #expect(try taken(#"{"auths": {"https://index.docker.io/v1/": {"auth": "YTpi"}}}"#, "docker.io").userInfo == "a:b")
        #expect(try taken(#"{"auths": {"r.example": {"username": "u", "password": "p"}}}"#, "r.example").userInfo == "u:p")
        #expect(try taken(#"{"auths": {"r.example": {"identitytoken": "t"}}}"#, "r.example").identityToken == "t")
        #expect(try taken(#"{"auths": {"other": {"auth": "YTpi"}}}"#, "r.example") == RegistryCredentials())
        #expect(try taken(#"{"auths": {"r.example": {}}, "credsStore": "pass"}"#, "r.example").helper == "pass")
        #expect(try taken(#"{"credHelpers": {"r.example": "gcr"}}"#, "r.example").helper == "gcr")
        #expect(throws: (any Error).self) { try taken(#"{"auths": {"r.example": {"auth": "!"}}}"#, "r.example") }
    }
}
