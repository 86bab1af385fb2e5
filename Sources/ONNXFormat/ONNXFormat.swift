// ONNXFormat
