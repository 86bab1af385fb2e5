// DepthClient
