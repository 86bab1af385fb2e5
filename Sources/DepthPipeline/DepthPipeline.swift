// DepthPipeline
