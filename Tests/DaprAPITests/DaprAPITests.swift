// DaprAPITests
