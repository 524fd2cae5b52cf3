// LocalSecrets
