/// A self-signed certificate for `localhost`, made for tests only.
enum TestCertificate {
    static let chain = """
        -----BEGIN CERTIFICATE-----
        MIIBlTCCATugAwIBAgIUHzfoXyqTfk4cWDpyQZO/zXjjDhQwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA0MDUyN1oYDzIxMjYxMDI4
        MDQwNTI3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAS0kLKmSJOnRmPDCAyyD4J8kMTjRwvwAat4EJQQhgCl3SPUKz04yBGi
        D+7FHt4wZ4IL1sdE5SETGJYysMHBWp3wo2kwZzAdBgNVHQ4EFgQUwxEA/J2XteRy
        G/R3/DASOMY2WFgwHwYDVR0jBBgwFoAUwxEA/J2XteRyG/R3/DASOMY2WFgwFAYD
        VR0RBA0wC4IJbG9jYWxob3N0MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
        SAAwRQIhAMDNfkjo2ZVxFsI5MJb1wTcjBVxZ6r5qpPdwcLHcEpNbAiBUdXSLsS89
        ds5BkyQRRNsuS1GiymPLb40Te2whxwNSjA==
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgf9ZcqPB5sgVfN2vX
        jel5z0oecX0i12vzAzm4+dYH/yShRANCAAS0kLKmSJOnRmPDCAyyD4J8kMTjRwvw
        Aat4EJQQhgCl3SPUKz04yBGiD+7FHt4wZ4IL1sdE5SETGJYysMHBWp3w
        -----END PRIVATE KEY-----
        """
}
