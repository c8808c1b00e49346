"""Encoders on ONNX Runtime: token ids -> the outputs of a forward pass."""
