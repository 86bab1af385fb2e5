// DepthDaemon
