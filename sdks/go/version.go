package nexus

// Version is that of the API that the client was made for.
const Version = "1.0.0"
