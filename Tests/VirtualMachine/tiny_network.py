"""Writes the smallest depth network there is, for a machine that emulates every instruction.

One 3x3 convolution and a sigmoid, 128x96, as an ONNX file; no package is needed. Field numbers are those of
onnx.proto. What it computes is no depth: the test machine checks the camera path, not the network.

usage: tiny_network.py OUTPUT.onnx
"""

import pathlib
import struct
import sys

FLOAT = 1


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def data(field: int, value: bytes | str) -> bytes:
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def integers_attribute(name: str, values: list[int]) -> bytes:
    ints = b"".join(number(8, value) for value in values)
    return data(5, data(1, name) + ints + number(20, 7))  # type 7: INTS


def node(operator: str, inputs: list[str], output: str, attributes: bytes = b"") -> bytes:
    names = b"".join(data(1, name) for name in inputs)
    return data(1, names + data(2, output) + data(3, output) + data(4, operator) + attributes)


def tensor(name: str, shape: list[int], values: list[float]) -> bytes:
    dimensions = b"".join(number(1, side) for side in shape)
    raw = struct.pack(f"<{len(values)}f", *values)
    return data(5, dimensions + number(2, FLOAT) + data(8, name) + data(9, raw))


def value_info(field: int, name: str, shape: list[int]) -> bytes:
    dimensions = b"".join(data(1, number(1, side)) for side in shape)
    tensor_type = number(1, FLOAT) + data(2, dimensions)
    return data(field, data(1, name) + data(2, data(1, tensor_type)))


def main() -> None:
    weights = [0.02] * 27
    padding = integers_attribute("pads", [1, 1, 1, 1])
    graph = (
        node("Conv", ["image", "weight", "bias"], "sum", padding)
        + node("Sigmoid", ["sum"], "disparity")
        + data(2, "tiny")
        + tensor("weight", [1, 3, 3, 3], weights)
        + tensor("bias", [1], [-2.0])
        + value_info(11, "image", [1, 3, 96, 128])
        + value_info(12, "disparity", [1, 1, 96, 128])
    )
    opset = data(8, data(1, "") + number(2, 17))
    pathlib.Path(sys.argv[1]).write_bytes(number(1, 8) + data(7, graph) + opset)


if __name__ == "__main__":
    main()
