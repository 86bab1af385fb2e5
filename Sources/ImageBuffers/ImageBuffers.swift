// ImageBuffers
