"""Writes CantoolsVectors.swift: signals of random frames as cantools decodes them.

usage: python golden_cantools.py > CantoolsVectors.swift      (needs cantools 40)
"""

import random

import cantools.database
from cantools.database.conversion import BaseConversion


def signal(rng: random.Random):
    little = rng.random() < 0.5
    length = rng.choice([1, 3, 8, 10, 12, 13, 16, 20, 24, 32, 40, 64])
    while True:
        start = rng.randrange(64)
        before = start if little else start // 8 * 8 + 7 - start % 8
        if before + length <= 64:
            break
    scale, offset = rng.choice([(1, 0), (0.01, 0), (0.0625, -512), (-0.5, 3), (0.001, -32.768)])
    signed = rng.random() < 0.5
    conversion = BaseConversion.factory(scale=scale, offset=offset)
    return cantools.database.can.Signal(
        "S", start, length, byte_order="little_endian" if little else "big_endian", is_signed=signed,
        conversion=conversion)


def main() -> None:
    rng = random.Random(11)
    print("// Made by golden_cantools.py; do not edit.\n")
    print("/// What cantools reads from random frames.")
    print("let cantoolsVectors: [(place: String, factor: String, bytes: [UInt8], value: Double)] = [")
    for _ in range(60):
        entry = signal(rng)
        message = cantools.database.can.Message(0x1A0, "M", 8, [entry])
        data = bytes(rng.randrange(256) for _ in range(8))
        value = message.decode(data)["S"]
        order = 1 if entry.byte_order == "little_endian" else 0
        place = f"{entry.start}|{entry.length}@{order}{'-' if entry.is_signed else '+'}"
        factor = f"({entry.scale},{entry.offset})"
        listed = ", ".join(f"0x{byte:02X}" for byte in data)
        print(f'  ("{place}", "{factor}", [{listed}], {float(value)!r}),')
    print("]")


if __name__ == "__main__":
    main()
