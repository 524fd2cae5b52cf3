/// A self-signed certificate for `other.example`, `*.wild.example` and `127.0.0.1`, whose common name is `localhost`;
/// made for tests only.
enum ElsewhereCertificate {
    static let chain = """
        -----BEGIN CERTIFICATE-----
        MIIBsTCCAVegAwIBAgIUFLmy/RzYuZB5XHzqsZcvLdtsENYwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTE1NDUzNVoYDzIxMjYxMDI4
        MTU0NTM1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAATDpsT0okXApzwmJlg223eT2Hmv20NSl6fRVfDQ/F2GE4fvgbJKtt1U
        Hd5CIiLkoQTjei/xVdhWPP0C0v2eB38Wo4GEMIGBMB0GA1UdDgQWBBSlkHoR7DKI
        ER523mPZjXbBvzq+LzAfBgNVHSMEGDAWgBSlkHoR7DKIER523mPZjXbBvzq+LzAP
        BgNVHRMBAf8EBTADAQH/MC4GA1UdEQQnMCWCDW90aGVyLmV4YW1wbGWCDioud2ls
        ZC5leGFtcGxlhwR/AAABMAoGCCqGSM49BAMCA0gAMEUCIDETExuIZMoyR7DsJLBs
        bdFxPMWRtZRzZuWiEp06EhVsAiEA4rBFV/CFrb/Sm6eH7r0uAEAFDthcYk1bY3Mt
        fDHyGF8=
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgalieaQRd9NPYy3mQ
        oJhgthTEoNbIFTK7g0ZHHb6AELShRANCAATDpsT0okXApzwmJlg223eT2Hmv20NS
        l6fRVfDQ/F2GE4fvgbJKtt1UHd5CIiLkoQTjei/xVdhWPP0C0v2eB38W
        -----END PRIVATE KEY-----
        """
}
