// DaprAPI
